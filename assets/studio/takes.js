// The takes of the selected event, side by side: playing one makes it the candidate to keep, to
// compare, to repaint.

let candidate = "";
let before = ""; // the candidate before it
const find = (selector) => element.querySelector(selector);
const all = () => [...element.querySelectorAll("[data-take]")];
const kept = () => all().find((chip) => chip.dataset.kept);
const chosen = () => all().find((chip) => chip.dataset.take === candidate);
const send = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));
const say = (words) => send("studio:say", words);
let at = ""; // the take that had the focus last, while nothing else has had it
const standing = () => all().find((chip) => chip.dataset.take === at);
document.addEventListener("focusin", ({ target }) => { at = target.closest("[data-take]")?.dataset.take || ""; });
document.addEventListener("pointerdown", ({ target }) => { if (!element.contains(target)) at = ""; }, true);
const eventId = () => find(".takes")?.dataset.of;

// A waveform as one path, a bar for each of so many columns.
const SVG = "http://www.w3.org/2000/svg";
function drawWave(svg, text, columns) {
  const peaks = text ? text.split(" ").map(Number) : [];
  const bars = [];
  for (let x = 0; x < columns && peaks.length; x += 1) {
    const from = Math.floor((x * peaks.length) / columns);
    const to = Math.max(from + 1, Math.floor(((x + 1) * peaks.length) / columns));
    const half = Math.max(0.3, Math.max(...peaks.slice(from, to)) * 11);
    bars.push(`M${x + 0.5} ${(12 - half).toFixed(1)}V${(12 + half).toFixed(1)}`);
  }
  svg.setAttribute("viewBox", `0 0 ${columns} 24`);
  const path = svg.firstChild || svg.appendChild(document.createElementNS(SVG, "path"));
  path.setAttribute("d", bars.join(""));
}

function paint() {
  const chip = chosen();
  for (const other of all()) {
    other.classList.toggle("is-candidate", other === chip);
    drawWave(other.querySelector(".take-wave"), other.dataset.peaks, 48);
  }
  const actions = find(".takes-actions");
  if (!actions) return;
  actions.hidden = !chip;
  const same = Boolean(chip?.dataset.kept);
  for (const action of actions.children) {
    const { action: name } = action.dataset;
    if (name === "keep") action.disabled = same;
    if (name === "compare") action.disabled = same || !kept();
    if (name === "settings") action.disabled = !rival();
  }
  // Who keeps a take by keyboard goes on from that take, and from the next where it was removed.
  const active = document.activeElement;
  const lost = active?.disabled && element.contains(active);
  if (lost) chip?.focus({ preventScroll: true });
  else if (active === document.body && at) (standing() || all().at(-1))?.focus({ preventScroll: true });
  if (painting.of !== candidate || !chip) closePaint();
  else openPaint();
}

function act(name) {
  const chip = chosen();
  if (!chip) return;
  trigger("act", { name, values: { id: eventId(), key: chip.dataset.take } });
  if (name === "keep") say(`Take ${chip.dataset.place} is kept`);
  if (name === "drop") say(`Take ${chip.dataset.place} is off the list`);
}

function compare() {
  const chip = chosen();
  if (!chip || chip === kept() || !kept()) return;
  send("studio:compare", { address: chip.dataset.listen, kept: kept().dataset.listen });
}

function hear(chip) {
  if (!chip) return;
  if (candidate !== chip.dataset.take) before = candidate;
  candidate = chip.dataset.take;
  send("studio:play-take", chip.dataset.listen);
  paint();
  if (!find(".takes-compared").hidden) tellSettings();
}

// What a take's settings are compared with: the kept take's; the kept one's with those heard before.
function rival() {
  const chip = chosen();
  if (chip !== kept() && kept()) return kept();
  return all().find((other) => other.dataset.take === before && other !== chip);
}

function tellSettings() {
  const [one, other] = [chosen(), rival()];
  const box = find(".takes-compared");
  if (!one || !other) {
    box.hidden = true;
    return;
  }
  const [mine, theirs] = [one, other].map((chip) => JSON.parse(chip.dataset.settings));
  const names = [...new Set([...Object.keys(mine), ...Object.keys(theirs)])];
  const differing = names.filter((name) => mine[name] !== theirs[name]);
  const lines = differing.map((name) => {
    const row = document.createElement("li");
    row.textContent = `${name}: ${mine[name] ?? "none"}, not ${theirs[name] ?? "none"}`;
    return row;
  });
  const heading = document.createElement("p");
  heading.textContent = lines.length
    ? `Take ${one.dataset.place} was made like take ${other.dataset.place}, but for:`
    : `Take ${one.dataset.place} and take ${other.dataset.place} were made with the same settings.`;
  const list = document.createElement("ul");
  list.append(...lines);
  box.replaceChildren(heading, ...(lines.length ? [list] : []));
  box.hidden = false;
}

// A span is painted on the waveform of the candidate: seconds of the event.
const painting = { of: "", span: [0, 0] };
const SHORTEST = 0.1;
const NUDGE = 0.1;

function reach() {
  const { seconds, begins } = chosen().dataset;
  const length = Number(find(".takes").dataset.length);
  const whole = Number(seconds) - Number(begins);
  return Number(begins) ? Math.min(length, whole) : whole;
}

function openPaint() {
  const panel = find(".take-paint");
  if (!panel) return;
  if (painting.of !== candidate) painting.span = [0, Math.min(1, reach())];
  painting.of = candidate;
  panel.hidden = false;
  const { peaks, seconds, begins } = chosen().dataset;
  const listed = peaks ? peaks.split(" ") : [];
  const share = (at) => Math.round((listed.length * at) / Number(seconds));
  const shown = listed.slice(share(Number(begins)), share(Number(begins) + reach()));
  drawWave(panel.querySelector("svg"), shown.join(" "), Math.max(1, shown.length));
  showSpan();
}

function closePaint() {
  painting.of = "";
  const panel = find(".take-paint");
  if (panel) panel.hidden = true;
}

function showSpan() {
  const [from, to] = painting.span;
  const whole = reach();
  const mark = find(".paint-span");
  mark.style.left = `${(100 * from) / whole}%`;
  mark.style.width = `${(100 * (to - from)) / whole}%`;
  for (const edge of element.querySelectorAll(".paint-edge")) {
    const at = painting.span[edge.dataset.edge];
    edge.style.left = `${(100 * at) / whole}%`;
    edge.setAttribute("aria-valuemin", "0");
    edge.setAttribute("aria-valuemax", whole.toFixed(2));
    edge.setAttribute("aria-valuenow", at.toFixed(2));
    edge.setAttribute("aria-valuetext", `${at.toFixed(2)} s`);
  }
  find(".paint-words").textContent = `${from.toFixed(2)} to ${to.toFixed(2)} s`;
}

function setSpan(from, to) {
  const whole = reach();
  const inside = (at) => Math.min(Math.max(Math.round(at * 100) / 100, 0), whole);
  let [first, last] = [inside(Math.min(from, to)), inside(Math.max(from, to))];
  if (last - first < SHORTEST) last = Math.min(whole, first + SHORTEST);
  if (last - first < SHORTEST) first = Math.max(0, last - SHORTEST);
  painting.span = [first, last];
  showSpan();
}

function moveEdge(edge, to) {
  const span = [...painting.span];
  span[edge] = edge === 0 ? Math.min(to, span[1] - SHORTEST) : Math.max(to, span[0] + SHORTEST);
  setSpan(...span);
}

let held = null; // where a drag began in seconds, or the edge that it moves
const onArea = ({ clientX }) => {
  const box = find(".paint-area").getBoundingClientRect();
  return ((clientX - box.left) / box.width) * reach();
};
element.addEventListener("pointerdown", (event) => {
  const area = event.target.closest(".paint-area");
  if (!area || event.button) return;
  const edge = event.target.closest(".paint-edge");
  held = edge ? { edge: Number(edge.dataset.edge) } : { from: onArea(event) };
  area.setPointerCapture(event.pointerId);
  if (!edge) event.preventDefault();
});
element.addEventListener("pointermove", (event) => {
  if (!held || !event.target.closest(".paint-area")) return;
  if ("edge" in held) moveEdge(held.edge, onArea(event));
  else if (Math.abs(onArea(event) - held.from) > 0.02) setSpan(held.from, onArea(event));
});
for (const name of ["pointerup", "pointercancel"]) element.addEventListener(name, () => { held = null; });

const ACROSS = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1 };
function onEdge(event, edge) {
  const at = painting.span[edge];
  if (event.key in ACROSS) moveEdge(edge, at + ACROSS[event.key] * NUDGE * (event.shiftKey ? 10 : 1));
  else if (event.key === "Home") moveEdge(edge, 0);
  else if (event.key === "End") moveEdge(edge, reach());
  else return false;
  return true;
}

// On a take: arrows go to the next and play it, Enter keeps it, Delete takes it off the list.
function onTake(event, chip) {
  const list = all();
  if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
    const next = list[list.indexOf(chip) + ACROSS[event.key]];
    next?.focus();
    hear(next);
  } else if (event.key === "Enter") {
    candidate = chip.dataset.take;
    if (!chip.dataset.kept) act("keep");
  } else if (event.key === "Delete") {
    candidate = chip.dataset.take;
    act("drop");
  } else return false;
  return true;
}

element.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const edge = event.target.closest(".paint-edge");
  const chip = event.target.closest("[data-take]");
  const done = edge ? onEdge(event, Number(edge.dataset.edge)) : chip && onTake(event, chip);
  if (!done) return;
  event.preventDefault();
  event.stopPropagation();
});
element.addEventListener("click", ({ target }) => {
  const at = (name) => target.closest(`[data-${name}]`);
  const id = eventId();
  if (at("take")) hear(at("take"));
  else if (at("action")) onAction(at("action").dataset.action);
  else if (at("again")) trigger("again", { id });
  else if (at("variations")) trigger("variations", { id });
  else if (at("loop-take")) loop(at("loop-take"));
  else if (at("drop-others")) trigger("act", { name: "drop_others", values: { id } });
  else if (at("repaint")) {
    const [begin, end] = painting.span;
    trigger("repaint", { id, key: candidate, begin, end });
    closePaint();
  } else if (at("unpaint")) {
    closePaint();
    chosen()?.focus();
  }
});

function onAction(action) {
  if (action === "compare") compare();
  else if (action === "settings") {
    const box = find(".takes-compared");
    if (box.hidden) tellSettings();
    else box.hidden = true;
  } else if (action === "paint") {
    if (painting.of) closePaint();
    else {
      openPaint();
      find(".paint-edge").focus();
    }
  } else act(action);
}

function loop(button) {
  const on = button.getAttribute("aria-pressed") !== "true";
  trigger("act", { name: "loop", values: { id: eventId(), on } });
  say(on ? "It loops: pull its end, and it goes on without a seam" : "It ends with its take");
}

element.addEventListener("change", ({ target }) => {
  const action = target.dataset.performer;
  if (!action) return;
  trigger("act", { name: action, values: { id: eventId(), text: target.value } });
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
// Of the event that is selected, which the takes shown here may not be of yet.
for (const name of ["again", "variations"]) {
  document.addEventListener(`studio:${name}`, ({ detail: id }) => {
    if (eventId() === id) find(`[data-${name}]:not(:disabled)`)?.click();
    else trigger(name, { id });
  });
}
document.addEventListener("studio:hear-take", ({ detail }) => {
  const chip = all()[detail - 1];
  if (!chip) return say(`There is no take ${detail}`);
  chip.focus({ preventScroll: true });
  return hear(chip);
});
watch("value", paint);
paint();
