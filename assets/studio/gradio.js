// What Gradio's components do of themselves and must not do here. The listeners are the window's, so
// that they come before Gradio's own.

const stop = (event) => event.stopImmediatePropagation();
function prevent(event) {
  event.preventDefault();
  stop(event);
}

// Menus: a Tab that leaves one would open it again, and so would Shift or Ctrl by themselves. One
// that was entered by Tab stays shut until it is asked for: by a letter or an arrow.
const MENU_KEYS = ["Enter", "Escape", "Backspace", "Delete", "Home", "End", "ArrowUp", "ArrowDown"];
let byTab = false;
addEventListener("keydown", (event) => {
  byTab = event.key === "Tab";
  if (!event.target.matches?.("[role=combobox]")) return;
  const typed = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
  if (!typed && !MENU_KEYS.includes(event.key)) stop(event);
}, true);
addEventListener("pointerdown", () => { byTab = false; }, true);
document.addEventListener("focusin", ({ target }) => {
  if (!byTab || !target.matches("[role=combobox]")) return;
  target.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
});

// The table: its headings are neither renamed nor a switch for a whole column, it has no menu of
// rows and columns, and keys empty one cell at most.
const HEADING_KEYS = ["Tab", "Shift", "ArrowLeft", "ArrowRight", "ArrowDown"];
for (const name of ["mousedown", "click", "dblclick"]) {
  addEventListener(name, (event) => { if (event.target.closest?.("#events th")) prevent(event); }, true);
}
addEventListener("contextmenu", (event) => { if (event.target.closest?.("#events")) stop(event); }, true);
addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (target.closest?.("#events th") && !HEADING_KEYS.includes(key)) prevent(event);
  const emptying = (key === "Delete" || key === "Backspace") && target.matches?.("#events [role=gridcell]");
  if (emptying && document.querySelectorAll("#events .cell-selected").length > 1) prevent(event);
}, true);

// A letter opens the cell for what is typed, in place of what it holds. Gradio loses the letters that
// come before its field is there.
let typed = "";
addEventListener("keydown", ({ key, target, ctrlKey, metaKey, altKey }) => {
  if (!target.matches?.("#events [role=gridcell]:not(.static):not(:has(.bool-cell))")) return;
  if (key.length === 1 && key !== " " && !ctrlKey && !metaKey && !altKey) typed += key;
}, true);
document.addEventListener("focusin", ({ target }) => {
  if (typed && target.matches("#events [data-row] :is(textarea, input)")) {
    target.value = typed;
    target.dispatchEvent(new Event("input", { bubbles: true }));
  }
  typed = "";
});

// Files are dropped where a recording is asked for; elsewhere the table would read them as its rows,
// or the browser would leave the page for them.
for (const name of ["dragenter", "dragover", "drop"]) {
  addEventListener(name, (event) => {
    if (!event.dataTransfer?.types.includes("Files") || event.target.closest?.(".takes-files")) return;
    event.dataTransfer.dropEffect = "none";
    prevent(event);
  }, true);
}
