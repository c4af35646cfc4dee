// The list of what was done: going back along it, and opening the story as it was beside this one.

const list = () => element.querySelector("details");
const say = (words) => document.dispatchEvent(new CustomEvent("studio:say", { detail: words }));

// When each was done, on the reader's clock: the time of today, with the day of another one.
function writeTimes() {
  const now = new Date();
  for (const time of element.querySelectorAll("time[data-made]")) {
    const made = new Date(1000 * Number(time.dataset.made));
    if (Number.isNaN(made.getTime())) continue;
    const clock = { hour: "2-digit", minute: "2-digit" };
    const day = { day: "numeric", month: "short", ...(made.getFullYear() === now.getFullYear() ? {} : { year: "numeric" }) };
    const today = made.toDateString() === now.toDateString();
    time.textContent = today ? made.toLocaleTimeString([], clock) : made.toLocaleString([], { ...day, ...clock });
    time.dateTime = made.toISOString();
    time.title = made.toLocaleString([], { dateStyle: "full", timeStyle: "medium" });
  }
}
writeTimes();

// The list is drawn anew with every change: who was at it stays there.
let held = false;
document.addEventListener("focusin", ({ target }) => { held = element.contains(target); });
watch("value", () => {
  writeTimes();
  if (held && document.activeElement === document.body) list()?.querySelector("summary").focus();
});

function close() {
  list().open = false;
  list().querySelector("summary").focus();
}

element.addEventListener("click", ({ target }) => {
  const button = target.closest("button");
  if (!button) return;
  close();
  if (button.dataset.place) {
    trigger("act", { name: "go", values: { place: Number(button.dataset.place) } });
    say(`The story is as it was after: ${button.textContent}`);
  } else if (button.dataset.compare) trigger("compare", { place: Number(button.dataset.compare) });
  else trigger("beside", { place: Number(button.dataset.beside) });
});

// It opens where the story is; arrows go from change to change, and across to what
// else can be done with it.
element.addEventListener("toggle", () => {
  if (!list()?.open) return;
  writeTimes();
  element.querySelector("[aria-current]")?.focus();
}, true);
element.addEventListener("keydown", (event) => {
  if (!list()?.open) return;
  if (event.key === "Escape") close();
  else {
    const row = event.target.closest("li");
    if (!row) return;
    const rows = [...element.querySelectorAll("li")];
    const inRow = (one) => [...(one?.querySelectorAll("button") || [])];
    const [down, across] = [rows.indexOf(row), inRow(row).indexOf(event.target)];
    const to = {
      ArrowDown: [down + 1, across], ArrowUp: [down - 1, across], Home: [0, across],
      End: [rows.length - 1, across], ArrowRight: [down, across + 1], ArrowLeft: [down, across - 1],
    }[event.key];
    if (!to) return;
    inRow(rows[to[0]])[to[1]]?.focus();
    event.preventDefault();
  }
  event.stopPropagation();
});
document.addEventListener("pointerdown", ({ target }) => {
  if (list()?.open && !list().contains(target)) list().open = false;
}, true);
