// The list of what was done: going back along it, and opening the story as it was beside this one.

element.addEventListener("click", ({ target }) => {
  const button = target.closest("button");
  if (!button) return;
  element.querySelector("details").open = false;
  if (button.dataset.place) trigger("act", { name: "go", values: { place: Number(button.dataset.place) } });
  else if (button.dataset.compare) trigger("compare", { place: Number(button.dataset.compare) });
  else trigger("beside", { place: Number(button.dataset.beside) });
});
element.addEventListener("keydown", (event) => {
  const list = element.querySelector("details");
  if (event.key !== "Escape" || !list?.open) return;
  list.open = false;
  list.querySelector("summary").focus();
  event.stopPropagation();
});
document.addEventListener("pointerdown", ({ target }) => {
  const list = element.querySelector("details");
  if (list?.open && !list.contains(target)) list.open = false;
}, true);
