// Once a story is there its brief is one line; a click opens it again, to draft or plan anew.

document.addEventListener("click", ({ target }) => {
  const line = target.closest?.(".brief-line");
  if (line) openBrief(document.documentElement.classList.toggle("brief-open"));
});

function openBrief(open) {
  document.querySelector(".brief-line")?.setAttribute("aria-expanded", String(open));
  if (open) document.querySelector("#instruction textarea")?.focus();
}

// The line is drawn anew with every change of the story.
new MutationObserver(() => {
  const open = document.documentElement.classList.contains("brief-open");
  const line = document.querySelector(`.brief-line:not([aria-expanded="${open}"])`);
  line?.setAttribute("aria-expanded", String(open));
}).observe(document.body, { childList: true, subtree: true });
