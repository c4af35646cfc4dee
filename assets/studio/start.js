if (localStorage.getItem("audiostory-light")) {
  document.documentElement.classList.add("light");
  document.getElementById("light").textContent = "Dark";
}

// Gradio's table and messages put controls inside of buttons without names, and its menus have no words
// where nothing is chosen: say what they are.
function mend() {
  for (const cell of document.querySelectorAll('.bool-cell[role="button"]')) {
    cell.removeAttribute("role");
    cell.querySelector("input")?.setAttribute("aria-label", "Lock");
  }
  for (const box of document.querySelectorAll(".bool-cell input:not([aria-label])")) {
    box.setAttribute("aria-label", "Lock");
  }
  for (const zone of document.querySelectorAll("button.upload-container[aria-label]")) {
    zone.removeAttribute("aria-label");
  }
  for (const head of document.querySelectorAll('.toast-header[role="button"]')) {
    head.removeAttribute("role");
    head.removeAttribute("tabindex");
  }
  const stories = document.querySelector("#stories input");
  if (stories && !stories.placeholder) stories.placeholder = "Open a story";
}
new MutationObserver(mend).observe(document.body, { childList: true, subtree: true });
mend();
