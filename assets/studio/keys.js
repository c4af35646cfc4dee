// Buttons and keys of the timeline: everything that is done often has a key.

const NUDGE = 0.1; // seconds
const LEVEL = 1; // dB

const actions = {
  add: () => askAtPlayhead("Add", (text, at) => act("add", { text, at })),
  over: () => askAtPlayhead("Lay over", (text, at) => act("over", { text, at })),
  split: () => act("split", { at: position() }),
  join: () => act("join"),
  duplicate: () => act("duplicate"),
  lift: () => act("layer", { layer: selected()?.layer ? 0 : 1 }),
  lock: () => act("lock"),
  group: () => act("group"),
  ungroup: () => act("ungroup"),
  delete: () => act("delete"),
  mark: setMark,
};

// To the next event in time; `more` selects it as well.
function step(direction, more) {
  const order = byTime();
  const place = order.findIndex((event) => event.id === story.selected);
  const next = order[Math.min(Math.max(place + direction, 0), order.length - 1)].id;
  if (!more) return select(next, { focus: true });
  if (!chosen.has(next)) choose([...chosen, next]);
  story.selected = next;
  focusBlock(next);
  showSelection();
  trigger("pick", { id: next, pick: (picks += 1) });
}

// To the nearest event of the lane above or below.
function stepLane(direction) {
  const event = selected();
  const layer = story.layers[story.layers.indexOf(event?.layer) + direction];
  const there = story.events.filter((other) => other.layer === layer);
  const away = (other) => Math.max(other.start - endOf(event), event.start - endOf(other), 0)
    + Math.abs(other.start - event.start) / 1000;
  there.sort((a, b) => away(a) - away(b));
  if (there.length) select(there[0].id, { focus: true });
}

const isFree = (event) => event.layer > 0 || !ripple;

// The picture goes ahead of the server. What is sent is the step, not the place where it leads: the
// answer to a press before may come after this one.
function ahead(event, changes) {
  if (event.locked) return;
  Object.assign(event, changes);
  putBlock(event);
}

function nudge(direction) {
  const event = selected();
  if (!event) return;
  const by = direction * NUDGE;
  if (chosen.size > 1) return act("move", { by });
  if (!isFree(event)) return act("reorder", { by: direction });
  ahead(event, { start: Math.max(0, rounded(event.start + by)) });
  act("move", { by });
}

function lengthen(direction) {
  const event = selected();
  if (!event) return;
  ahead(event, { duration: Math.max(NUDGE, rounded(event.duration + direction * NUDGE)) });
  act("stretch", { by: direction * NUDGE });
}

const trimBeginning = (direction) => act("trim", { by: direction * NUDGE });
const slipSound = (direction) => act("slip", { by: direction * NUDGE });

function louder(decibels) {
  for (const event of several()) ahead(event, { gain: Math.round(100 * (event.gain + decibels)) / 100 });
  act("gain_by", { by: decibels, ids: [...chosen] });
}


function moveLayer(direction) {
  const event = selected();
  if (event && event.layer + direction >= 0) act("layer", { layer: event.layer + direction });
}

const zoomBy = (direction) => zoomTo(zoom * 1.6 ** direction);

function zoomToSelection() {
  const events = several();
  if (events.length) zoomToSpan(Math.min(...events.map((e) => e.start)), Math.max(...events.map(endOf)));
}

function toggleKeys() {
  const list = part(".keys");
  list.hidden = !list.hidden;
  part("[data-keys]").setAttribute("aria-expanded", String(!list.hidden));
}

function tools() {
  const event = selected();
  const locked = Boolean(event?.locked);
  for (const tool of element.querySelectorAll("[data-do]")) {
    const name = tool.dataset.do;
    tool.disabled = locked && ["split", "join", "delete", "lift"].includes(name);
    if (name === "lock") tool.setAttribute("aria-pressed", String(locked));
    if (name === "lift") tool.textContent = event?.layer ? "Settle" : "Lift";
  }
  const total = part("[data-total]");
  if (document.activeElement !== total) total.value = story.total;
  part(".seek").max = story.total;
}

const send = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));
const KEYS = {
  s: actions.split, d: actions.duplicate, j: actions.join, n: actions.add, o: actions.over, l: actions.lock, m: setMark,
  delete: actions.delete, backspace: actions.delete, f2: () => rename(story.selected),
  g: toggleSnap, i: () => setRipple(!ripple), z: zoomToSelection, 0: () => zoomTo(1), "?": toggleKeys,
  w: () => document.querySelector("#plan-change textarea")?.focus(),
  e: () => toggleStrip(), f: toggleMixSpectrum, b: switchHeard, c: toggleLoop,
  v: () => send("studio:variations", story.selected), r: () => send("studio:again", story.selected),
  k: () => send("studio:keep"), x: () => send("studio:switch"),
};
const COMMANDS = {
  m: toggleMixer,
  a: () => selectAll(story.events.map(({ id }) => id)), c: () => copy(), x: cut,
  g: ({ shiftKey }) => (shiftKey ? actions.ungroup() : actions.group()),
};
// Those that go on as long as they are held. By their place: with Shift they are other characters.
const STEPS = { "+": () => zoomBy(1), "-": () => zoomBy(-1) };
const EDGES = { Comma: -1, Period: 1 };
const BRACKETS = { BracketLeft: -1, BracketRight: 1 };

// Alone the arrows go from block to block; with Shift they move what is selected, with Alt they
// change its length and level, with both they slip its sound. Alt and an arrow leave the page where
// no block has the focus, so another key is offered for it.
function across(event, direction) {
  if (event.shiftKey && event.altKey) slipSound(direction);
  else if (event.shiftKey) nudge(direction);
  else if (event.altKey) lengthen(direction);
  else step(direction, event.ctrlKey || event.metaKey);
}

function upOrDown(event, direction) {
  if (event.shiftKey) moveLayer(direction);
  else if (event.altKey) louder(direction * LEVEL);
  else stepLane(-direction);
}

const ARROWS = { ArrowLeft: [across, -1], ArrowRight: [across, 1], ArrowUp: [upOrDown, 1], ArrowDown: [upOrDown, -1] };

function onBlock(event) {
  if (event.key in ARROWS) {
    const [go, direction] = ARROWS[event.key];
    go(event, direction);
  } else if (event.key === "Enter") playFrom(selected()?.start || 0);
  else if (event.key === "Escape" && chosen.size > 1) select(story.selected);
  else return false;
  return true;
}

element.addEventListener("click", ({ target }) => {
  const at = (selector) => target.closest?.(selector);
  if (at("[data-do]")) actions[at("[data-do]").dataset.do]();
  else if (at("[data-zoom]")) zoomBy(Number(at("[data-zoom]").dataset.zoom));
  else if (at("[data-snap]")) toggleSnap();
  else if (at("[data-ripple]")) setRipple(!ripple);
  else if (at("[data-table]")) toggleTable();
  else if (at("[data-spectrum]")) toggleSpectrum();
  else if (at("[data-mix-spectrum]")) toggleMixSpectrum();
  else if (at("[data-keys]")) toggleKeys();
  else if (at("[data-strip]")) toggleStrip();
  else if (at("[data-mixer]")) toggleMixer();
  else if (at("[data-loop]")) toggleLoop();
});
part("[data-total]").addEventListener("change", ({ target }) => {
  act("fit", { total: target.value });
});

const TEXT = "input:not([type=range], [type=checkbox], [type=radio]), textarea, select, [contenteditable]";
const FIELDS = `${TEXT}, input, [role=grid], [role=menu], [role=combobox], [role=dialog], dialog`;

// Keys act where the timeline, the takes or the history have the focus, or nothing has it: never on the story
// from within a cell, a field, a menu or a dialog. The slider of the timeline is its playhead.
function actsOnStory(target, host) {
  if (document.querySelector("dialog[open], [aria-modal=true]")) return false;
  if (host === document.body || host === document.documentElement) return true;
  if (!host.closest?.("#timeline, #takes, #history")) return false;
  return !target.closest?.(FIELDS) || target.matches(".seek");
}

function undoOrRedo(event, target) {
  const key = event.key.toLowerCase();
  if ((key !== "z" && key !== "y") || event.altKey || target.closest?.(`${TEXT}, dialog`)) return false;
  // The buttons know only of what was answered: after an edit the step may be one that they offer soon.
  const way = key === "y" || event.shiftKey ? "redo" : "undo";
  if (studioEdits.isFree()) document.getElementById(way)?.click();
  else trigger("step", { way });
  return true;
}

const onLanes = (target) => Boolean(target.closest?.(".event-block"));

function onStory(event, target) {
  const key = event.key.toLowerCase();
  const button = Boolean(target.closest?.("button, a, summary"));
  if (event.key === " " && !button) toggle();
  else if ((onLanes(target) || (holding && target === document.body)) && onBlock(event)) event.stopPropagation();
  else if (event.altKey) return false;
  else if (event.code in EDGES) (event.shiftKey ? trimBeginning : lengthen)(EDGES[event.code]);
  else if (key in STEPS) STEPS[key]();
  else if (event.code in BRACKETS) (event.shiftKey ? loopHere : jumpToMark)(BRACKETS[event.code]);
  else if (key in KEYS && (!event.shiftKey || key === "?")) {
    if (!event.repeat) KEYS[key]();
  } else if (/^[1-9]$/.test(key) && !event.shiftKey) hearTake(Number(key));
  else return false;
  return true;
}

const hearTake = (number) => document.dispatchEvent(new CustomEvent("studio:hear-take", { detail: number }));

// What is marked as text on the page is copied as text.
function onCommand(event, target) {
  const key = event.key.toLowerCase();
  if (undoOrRedo(event, target)) return true;
  if (!actsOnStory(target, event.target)) return false;
  if (event.key in ARROWS && onLanes(target)) return onBlock(event);
  if (!(key in COMMANDS) || event.altKey) return false;
  if (key !== "a" && !getSelection().isCollapsed) return false;
  if (!event.repeat) COMMANDS[key](event);
  return true;
}

document.addEventListener("keydown", (event) => {
  const target = event.composedPath()[0];
  if (event.defaultPrevented || event.isComposing || !story.events.length) return;
  const command = event.ctrlKey || event.metaKey;
  const done = command
    ? onCommand(event, target)
    : actsOnStory(target, event.target) && onStory(event, target);
  if (done) event.preventDefault();
});

// What is typed into a cell shows in the lanes at once; the server's answer follows.
function preview(row, column, text) {
  const event = rowsInOrder()[row];
  if (!event || event.locked) return;
  if (column === 1 && text.trim()) event.caption = text.trim();
  else if (column === 3 && Number(text) >= NUDGE) event.duration = Number(text);
  else return;
  putBlock(event);
}

document.addEventListener("keydown", ({ key, target }) => {
  if (key !== "Enter" && key !== "Tab") return;
  const cell = target.closest?.("#events [data-row][data-col]");
  if (cell && target.matches("textarea, input:not([type=checkbox])")) {
    preview(Number(cell.dataset.row), Number(cell.dataset.col), target.value);
  }
}, true);

setRippleSign();
watch("value", show);
show();
