// Once a story is there its brief is one line; a click opens it again, to draft or plan anew.

document.addEventListener("click", ({ target }) => {
  const line = target.closest?.(".brief-line");
  if (line) openBrief(document.documentElement.classList.toggle("brief-open"));
});

function openBrief(open) {
  document.querySelector(".brief-line")?.setAttribute("aria-expanded", String(open));
  if (open) document.querySelector("#instruction textarea")?.focus();
}

// What of the page is there is said by classes of its root. (A `:has()` on what surrounds everything
// would have all styles reckoned again with each frame of a drag.)
const root = document.documentElement.classList;

function signs() {
  const line = document.querySelector(".brief-line");
  root.toggle("has-story", Boolean(line));
  root.toggle("is-past-welcome", !document.getElementById("welcome"));
  // The line is drawn anew with every change of the story.
  const open = String(root.contains("brief-open"));
  if (line && line.getAttribute("aria-expanded") !== open) line.setAttribute("aria-expanded", open);
}

new MutationObserver(signs).observe(document.body, { childList: true, subtree: true });
signs();
