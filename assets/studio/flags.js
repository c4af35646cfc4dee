// A caption put in words that the performer knows.

element.addEventListener("click", ({ target }) => {
  const nearer = target.closest("[data-caption]");
  if (!nearer) return;
  const values = { id: nearer.dataset.of, text: nearer.dataset.caption };
  trigger("act", { name: "caption", values });
});
