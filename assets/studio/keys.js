// Buttons and keys of the timeline: everything that is done often has a key.

const NUDGE = 0.1;

const actions = {
  add: () => act("add"),
  over: () => act("over"),
  split: () => act("split", { at: position() }),
  join: () => act("join"),
  duplicate: () => act("duplicate"),
  lift: () => act("layer", { layer: selected()?.layer ? 0 : 1 }),
  lock: () => act("lock"),
  delete: () => act("delete"),
};

function step(direction) {
  const order = byTime();
  const place = order.findIndex((event) => event.id === story.selected);
  select(order[Math.min(Math.max(place + direction, 0), order.length - 1)].id, true);
}

// The picture goes ahead of the server. What is sent is the step, not the place where it leads: the
// answer to a press before may come after this one.
function nudge(direction) {
  const event = selected();
  if (!event) return;
  if (!event.layer) return act("reorder", { by: direction });
  const by = direction * NUDGE;
  if (!event.locked) {
    event.start = Math.max(0, Math.round((event.start + by) * 1000) / 1000);
    place(event);
  }
  act("move", { by });
}

function lengthen(direction) {
  const event = selected();
  if (!event) return;
  const by = direction * NUDGE;
  if (!event.locked) {
    event.duration = Math.max(NUDGE, Math.round((event.duration + by) * 1000) / 1000);
    place(event);
  }
  act("stretch", { by });
}

function moveLayer(direction) {
  const event = selected();
  if (event && event.layer + direction >= 0) act("layer", { layer: event.layer + direction });
}

function zoomBy(direction) {
  zoom = Math.min(16, Math.max(1, zoom * 1.6 ** direction));
  if (zoom < 1.1) zoom = 1;
  redraw();
}

function toggleSnap() {
  snap = !snap;
  part("[data-snap]").setAttribute("aria-pressed", String(snap));
}

function toggleKeys() {
  const list = part(".keys");
  list.hidden = !list.hidden;
  part("[data-keys]").setAttribute("aria-expanded", String(!list.hidden));
}

const send = (name) => document.dispatchEvent(new CustomEvent(name));
const KEYS = {
  s: actions.split, d: actions.duplicate, j: actions.join, n: actions.add, o: actions.over, l: actions.lock,
  delete: actions.delete, backspace: actions.delete,
  g: toggleSnap, "?": toggleKeys,
  k: () => send("studio:keep"), x: () => send("studio:switch"), r: () => send("studio:again"),
};
// Those that go on as long as they are held.
const STEPS = {
  "+": () => zoomBy(1), "-": () => zoomBy(-1), ",": () => lengthen(-1), ".": () => lengthen(1),
};

// Alt and an arrow leave the page where no block has the focus, so another key is offered for it.
function arrow(event, direction) {
  if (event.shiftKey) nudge(direction);
  else if (event.altKey) lengthen(direction);
  else step(direction);
}

function onBlock(event) {
  if (event.key === "ArrowLeft") arrow(event, -1);
  else if (event.key === "ArrowRight") arrow(event, 1);
  else if (event.key === "ArrowUp") moveLayer(1);
  else if (event.key === "ArrowDown") moveLayer(-1);
  else if (event.key === "Enter") playFrom(selected()?.start || 0);
  else return false;
  return true;
}

element.addEventListener("click", ({ target }) => {
  const at = (selector) => target.closest?.(selector);
  if (at("[data-do]")) actions[at("[data-do]").dataset.do]();
  else if (at("[data-zoom]")) zoomBy(Number(at("[data-zoom]").dataset.zoom));
  else if (at("[data-snap]")) toggleSnap();
  else if (at("[data-keys]")) toggleKeys();
});
part("[data-total]").addEventListener("change", ({ target }) => {
  act("fit", { total: target.value });
});

const TEXT = "input:not([type=range], [type=checkbox], [type=radio]), textarea, select, [contenteditable]";
const FIELDS = `${TEXT}, input, [role=grid], [role=menu], [role=combobox], [role=dialog], dialog`;

// Keys act where the timeline or the takes have the focus, or nothing has it: never on the story from
// within a cell, a field, a menu or a dialog. The slider of the timeline is its playhead.
function actsOnStory(target, host) {
  if (document.querySelector("dialog[open], [aria-modal=true]")) return false;
  if (host === document.body || host === document.documentElement) return true;
  if (!host.closest?.("#timeline, #takes")) return false;
  return !target.closest?.(FIELDS) || target.matches(".seek");
}

function undoOrRedo(event, target) {
  const key = event.key.toLowerCase();
  if ((key !== "z" && key !== "y") || event.altKey || target.closest?.(`${TEXT}, dialog`)) return false;
  document.getElementById(key === "y" || event.shiftKey ? "redo" : "undo")?.click();
  return true;
}

function onStory(event, target) {
  const key = event.key.toLowerCase();
  const button = Boolean(target.closest?.("button, a, summary"));
  if (event.key === " " && !button) toggle();
  else if ((onLanes(target) || (holding && target === document.body)) && onBlock(event)) event.stopPropagation();
  else if (event.altKey) return false;
  else if (key in STEPS) STEPS[key]();
  else if (key in KEYS && (!event.shiftKey || key === "?")) {
    if (!event.repeat) KEYS[key]();
  } else return false;
  return true;
}

document.addEventListener("keydown", (event) => {
  const target = event.composedPath()[0];
  if (event.defaultPrevented || event.isComposing || !story.events.length) return;
  const command = event.ctrlKey || event.metaKey;
  const done = command
    ? undoOrRedo(event, target)
    : actsOnStory(target, event.target) && onStory(event, target);
  if (done) event.preventDefault();
});

// What is typed into a cell shows in the lanes at once; the server's answer follows.
function preview(row, column, text) {
  const rows = [...story.events.filter((e) => !e.layer), ...story.events.filter((e) => e.layer)];
  const event = rows[0]?.layer ? byTime()[row] : rows[row];
  if (!event || event.locked) return;
  if (column === 1 && text.trim()) event.caption = text.trim();
  else if (column === 3 && Number(text) >= NUDGE) event.duration = Number(text);
  else return;
  place(event);
}

document.addEventListener("keydown", ({ key, target }) => {
  if (key !== "Enter" && key !== "Tab") return;
  const cell = target.closest?.("#events [data-row][data-col]");
  if (cell && target.matches("textarea, input:not([type=checkbox])")) {
    preview(Number(cell.dataset.row), Number(cell.dataset.col), target.value);
  }
}, true);

show();
