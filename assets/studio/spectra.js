// Where the spectrograms that the timeline asked for can be loaded from.

watch("value", () => {
  const told = element.querySelector("data")?.dataset.spectra;
  if (told) document.dispatchEvent(new CustomEvent("studio:spectra", { detail: JSON.parse(told) }));
});
