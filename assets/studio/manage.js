// The row that renames, copies and archives the story: the button that opens it closes it, and so do
// Escape and turning to something else.

const manageRow = () => document.getElementById("manage-row");
const manageButton = () => document.getElementById("manage");
const isManaging = () => Boolean(manageRow()); // a row that is not shown is not on the page
let wasManaging = false;

function closeManaging() {
  if (isManaging()) manageButton()?.click();
}

function showManaging() {
  const open = isManaging();
  const [button, said] = [manageButton(), String(open)];
  if (button && button.getAttribute("aria-expanded") !== said) {
    button.setAttribute("aria-expanded", said);
    button.setAttribute("aria-controls", "manage-row");
  }
  const field = open && !wasManaging && manageRow().querySelector("input, textarea");
  field?.focus?.();
  field?.select?.();
  wasManaging = open && (wasManaging || Boolean(field)); // the field comes after its row
}

new MutationObserver(showManaging).observe(document.body, { childList: true, subtree: true });
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !event.target.closest?.("#manage-row, #manage") || !isManaging()) return;
  event.preventDefault();
  closeManaging();
  manageButton().focus();
});

// A press closes it once it is let go: what is pressed would move away under the pointer.
let pressedOutside = null;
const isOutside = (target) => !target.closest?.("#manage-row, #manage");
document.addEventListener("focusin", ({ target }) => {
  if (pressedOutside === null && isOutside(target)) closeManaging();
});
document.addEventListener("pointerdown", ({ target }) => { pressedOutside = isOutside(target); }, true);
for (const end of ["pointerup", "pointercancel"]) {
  document.addEventListener(end, () => setTimeout(() => {
    if (pressedOutside) closeManaging();
    pressedOutside = null;
  }, 0), true);
}
showManaging();
