// Own sounds: their buttons, and what a reader of screens is told of a lesson.

element.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-does]");
  if (button) trigger("act", { does: button.dataset.does, name: button.dataset.sound });
});
