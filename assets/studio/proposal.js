// What a wish would change: said when it is there, taken by Enter and left by Escape.

let shown = "";

function arrived() {
  const summary = element.querySelector("[data-said]")?.dataset.said || "";
  const fresh = summary && summary !== shown;
  shown = summary;
  if (!fresh) return;
  document.dispatchEvent(new CustomEvent("studio:say", { detail: summary }));
  // The buttons are shown by another answer's part, a moment later. Who went on elsewhere stays there.
  setTimeout(() => {
    const active = document.activeElement;
    const waits = active === document.body || active.closest("#wish-bar");
    if (waits) document.querySelector("#take-plan:not(:disabled)")?.focus();
  }, 150);
}

document.addEventListener("keydown", (event) => {
  const here = event.target === document.body || event.target.closest?.("#proposal-panel, #wish-bar");
  if (event.key !== "Escape" || !shown || !here) return;
  document.getElementById("discard-plan")?.click();
  event.stopPropagation();
});
watch("value", arrived);
arrived();
