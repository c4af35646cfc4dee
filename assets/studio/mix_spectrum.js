// Where the spectrogram of the mix can be loaded from, which the timeline asked for.

watch("value", () => {
  const told = element.querySelector("data")?.dataset.mixImage;
  if (told) document.dispatchEvent(new CustomEvent("studio:mix-spectrum", { detail: JSON.parse(told) }));
});
