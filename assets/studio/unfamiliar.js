// Ways out of an unknown sound: a caption that is nearer to known ones, a recording of the library,
// a sound to learn, or a placeholder.

element.addEventListener("click", ({ target }) => {
  const chip = target.closest("[data-of]");
  if (!chip) return;
  const id = chip.dataset.of;
  const { like, another, takeRecording, learn } = chip.dataset;
  const variation = Number(chip.dataset.variation);
  if ("library" in chip.dataset) trigger("library", { id, like: null });
  else if (learn) trigger("learn", { name: learn });
  else if (like) trigger("library", { id, like: Number(like) });
  else if (takeRecording) trigger("take", { id, recording: Number(takeRecording), variation });
  else if (another) trigger("another", { id, recording: Number(another), variation: variation + 1 });
  else if ("placeholder" in chip.dataset) trigger("act", { name: "placeholder", values: { id } });
  else trigger("act", { name: "caption", values: { id, text: chip.dataset.caption } });
});
