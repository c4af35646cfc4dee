// What sounds in the blocks of the timeline, which asked for it.

watch("value", () => {
  const told = element.querySelector("data")?.dataset.waves;
  if (told) document.dispatchEvent(new CustomEvent("studio:waves", { detail: JSON.parse(told) }));
});
