// Ways out of an unknown sound: a caption that is nearer to known ones, or a placeholder.

element.addEventListener("click", ({ target }) => {
  const chip = target.closest("[data-of]");
  if (!chip) return;
  const id = chip.dataset.of;
  if ("placeholder" in chip.dataset) trigger("act", { name: "placeholder", values: { id } });
  else trigger("act", { name: "caption", values: { id, text: chip.dataset.caption } });
});
