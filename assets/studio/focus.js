// Who works by keyboard stays where they are: a control that is hidden, switched off or drawn anew
// while it has the focus gives it to the one that takes its place.

const SUCCESSORS = {
  render: ["#stop", "[data-play]"],
  "render-all": ["#stop", "[data-play]"],
  stop: ["#render", "#render-all", "[data-play]"],
  draft: ["#cancel"],
  cancel: ["#draft"],
  "change-plan": ["#stop-wish"],
  "stop-wish": ["#change-plan"],
  "take-plan": ["#plan-change textarea"],
  "discard-plan": ["#plan-change textarea"],
  undo: ["#redo"],
  redo: ["#undo"],
};
let focused = null;
let successors = [];

const usable = (control) => control?.isConnected && !control.disabled && control.checkVisibility();

function remember({ target }) {
  const row = target.closest("#manage-row") ? ["#manage"] : [];
  focused = target;
  successors = SUCCESSORS[target.closest("[id]")?.id] || row;
}

function restore() {
  const active = document.activeElement;
  if (!focused || usable(focused) || (active !== document.body && active !== focused)) return;
  const next = successors.map((name) => document.querySelector(name)).find(usable);
  if (next) next.focus({ preventScroll: true });
}

document.addEventListener("focusin", remember);
document.addEventListener("pointerdown", ({ target }) => {
  if (!target.closest("button, input, textarea, [tabindex]")) focused = null;
}, true);
new MutationObserver(() => requestAnimationFrame(restore)).observe(document.body, {
  childList: true,
  subtree: true,
  attributes: true,
  attributeFilter: ["disabled", "class"],
});
