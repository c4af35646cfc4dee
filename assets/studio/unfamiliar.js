// A caption replaced by one that is nearer to known sounds.

element.addEventListener("click", ({ target }) => {
  const nearer = target.closest("[data-caption]");
  if (!nearer) return;
  const values = { id: nearer.dataset.of, text: nearer.dataset.caption };
  trigger("act", { name: "caption", values });
});
