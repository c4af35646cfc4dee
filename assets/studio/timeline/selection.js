// What is selected: one event that keys and panels are about, and those that are edited with it. The
// table shows the same.

const chosen = new Set(); // ids, the selected event's among them
let picks = 0;
let madeBefore = 0;

const byTime = () => [...story.events].sort((a, b) => a.start - b.start || a.layer - b.layer);
const eventOf = (id) => story.events.find((event) => event.id === id);
const selected = () => eventOf(story.selected);
const several = () => story.events.filter((event) => chosen.has(event.id));

// An event's whole group goes with it.
function withGroup(ids) {
  const groups = new Set(ids.map((id) => eventOf(id)?.group).filter(Boolean));
  return story.events.filter((e) => ids.includes(e.id) || groups.has(e.group)).map(({ id }) => id);
}

function choose(ids) {
  chosen.clear();
  for (const id of withGroup(ids)) chosen.add(id);
}

// Select an event alone; `more` adds it to what is selected, or takes it out again.
function select(id, { focus = false, more = false } = {}) {
  const event = eventOf(id);
  if (!event) return;
  const before = story.selected;
  if (more && chosen.has(id) && chosen.size > 1) {
    for (const other of withGroup([id])) chosen.delete(other);
    story.selected = chosen.has(before) ? before : [...chosen][0];
  } else {
    choose(more ? [...chosen, id] : [id]);
    story.selected = id;
  }
  if (focus) {
    reveal(event);
    focusBlock(id);
  }
  showSelection();
  if (story.selected !== before) trigger("pick", { id: story.selected, pick: (picks += 1) });
}

function selectAll(ids) {
  const before = story.selected;
  choose(ids);
  if (!chosen.has(story.selected)) story.selected = ids[0] || story.selected;
  if (!chosen.size && story.selected) choose([story.selected]);
  showSelection();
  if (story.selected !== before) trigger("pick", { id: story.selected, pick: (picks += 1) });
}

// The selection that an answer of the server leaves.
function adoptSelection(next) {
  const [number, made] = next.made;
  const old = story.selected;
  story = next;
  if (number > madeBefore && made.length) choose(made);
  else if (next.selected !== old || ![...chosen].some(eventOf)) choose([next.selected]);
  else choose([...chosen].filter(eventOf));
  madeBefore = number;
}

function showSelection() {
  for (const event of story.events) if (blocks.has(event.id)) mark(blocks.get(event.id), event);
  showRows();
  tools();
  send("studio:selected");
}

// Rows of the table are drawn anew at any time: a rule marks them, and not the rows themselves.
const rowStyle = document.head.appendChild(document.createElement("style"));

function rowsInOrder() {
  const above = story.events.filter((event) => event.layer);
  const told = story.events.filter((event) => !event.layer);
  return told.length ? [...told, ...above] : above.sort((a, b) => a.start - b.start || a.layer - b.layer);
}

function showRows() {
  const marked = rowsInOrder().flatMap((event, row) => (chosen.has(event.id) ? [row] : []));
  const cells = marked.map((row) => `#events td[data-row="${row}"], #events [data-row="${row}"][data-col]`);
  const rule = cells.length ? `${cells.join(", ")} { background: var(--accent-soft) !important; }` : "";
  if (rowStyle.textContent !== rule) rowStyle.textContent = rule;
}
