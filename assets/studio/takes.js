// The takes of the selected event: playing one makes it the candidate to keep or to compare.

let candidate = "";
const all = () => [...element.querySelectorAll("[data-take]")];
const kept = () => all().find((chip) => chip.dataset.kept);
const chosen = () => all().find((chip) => chip.dataset.take === candidate);
const send = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));

function paint() {
  const chip = chosen();
  for (const other of all()) other.classList.toggle("is-candidate", other === chip);
  const actions = element.querySelector(".takes-actions");
  if (!actions) return;
  actions.hidden = !chip;
  const same = Boolean(chip?.dataset.kept);
  for (const action of actions.children) {
    action.disabled = same && action.dataset.action !== "restore" && action.dataset.action !== "drop";
    if (action.dataset.action === "compare") action.disabled = same || !kept();
  }
  // Who keeps a take by keyboard goes on from that take.
  const active = document.activeElement;
  if (active?.disabled && element.contains(active)) chip?.focus({ preventScroll: true });
}

function act(name) {
  const chip = chosen();
  if (!chip) return;
  const values = { id: element.querySelector(".takes").dataset.of, key: chip.dataset.take };
  trigger("act", { name, values });
}

function compare() {
  const chip = chosen();
  if (!chip || chip === kept() || !kept()) return;
  send("studio:compare", { address: chip.dataset.listen, kept: kept().dataset.listen });
}

element.addEventListener("click", ({ target }) => {
  const chip = target.closest("[data-take]");
  const action = target.closest("[data-action]")?.dataset.action;
  const again = target.closest("[data-again]");
  if (chip) {
    candidate = chip.dataset.take;
    send("studio:play-take", chip.dataset.listen);
    paint();
  } else if (action === "compare") compare();
  else if (action) act(action);
  else if (again) trigger("again", { id: again.dataset.again });
});
element.addEventListener("change", ({ target }) => {
  const action = target.dataset.performer;
  if (!action) return;
  const values = { id: element.querySelector(".takes").dataset.of, text: target.value };
  trigger("act", { name: action, values });
});
document.addEventListener("studio:sounding", ({ detail }) => {
  for (const chip of all()) {
    const sounding = Boolean(detail) && detail.endsWith(chip.dataset.listen);
    chip.classList.toggle("is-sounding", sounding);
    chip.setAttribute("aria-pressed", String(sounding));
  }
});
document.addEventListener("studio:keep", () => act("keep"));
document.addEventListener("studio:switch", compare);
document.addEventListener("studio:again", () => element.querySelector("[data-again]:not(:disabled)")?.click());
watch("value", paint);
paint();
