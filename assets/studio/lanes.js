// The lanes: one a layer, drawn by wavesurfer.js; a block an event, made of its regions.

const lanesBox = part(".lanes");
let regions = null;
const blocks = new Map();
let waves = null;
let drawing = Promise.resolve();
let drawnStamp = 0;
let span = 1;
let zoom = 1;
let snap = true;
let pointer = 0;
let shifted = false;
let holding = false;
let picks = 0;
let gesture = { name: "", at: 0, number: 0 };

const NARROWEST = 44;

const MISSING = { "not known": "sound not known", silence: "nothing is heard" };
const STATES = { new: "not rendered", changed: "changed since", rendered: "", rendering: "rendering" };
const byTime = () => [...story.events].sort((a, b) => a.start - b.start || a.layer - b.layer);
const eventOf = (id) => story.events.find((event) => event.id === id);
const selected = () => eventOf(story.selected);
const laneHeight = () => [132, 132, 104][story.layers.length] || 84;
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Steps of one event that follow at once are one gesture, which one undo takes back; every other
// action is one by itself, however quickly the next comes.
function act(name, values = {}) {
  const now = Date.now();
  const steps = "by" in values || "id" in values;
  const own = `${name} ${values.id ?? story.selected}`;
  const goesOn = steps && gesture.name === own && now - gesture.at < 900;
  gesture = { name: own, at: now, number: goesOn ? gesture.number : Math.max(now, gesture.number + 1) };
  const known = { id: story.selected, pick: picks, gesture: gesture.number };
  trigger("act", { name, values: { ...known, ...values } });
}

// How near, in seconds, an edge has to be to snap: eight pixels.
const snapping = () => ({ snap, reach: (8 * span) / Math.max(1, waves.getWrapper().clientWidth) });

// How wide the lanes are: as the page, or wider where the blocks would be too narrow to hit.
function width() {
  const inSequence = story.events.filter((event) => !event.layer).length;
  return zoom * Math.max(lanesBox.clientWidth - 40, inSequence * NARROWEST);
}

function options() {
  const colour = token("--wave");
  const wave = { waveColor: colour, progressColor: colour, height: laneHeight() };
  return {
    height: wave.height,
    splitChannels: story.layers.map(() => ({ ...wave })),
    waveColor: colour,
    progressColor: colour,
    minPxPerSec: width() / span,
  };
}

function ruler() {
  const seconds = span / Math.max(1, width() / 90);
  const step = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300].find((s) => s >= seconds) || 600;
  return WaveSurfer.Timeline.create({
    height: 20,
    timeInterval: step,
    primaryLabelInterval: step,
    secondaryLabelInterval: step,
    secondaryLabelOpacity: 1,
    formatTimeCallback: (s) =>
      s < 60 ? `${s}` : `${Math.floor(s / 60)}:${String(Math.round(s % 60)).padStart(2, "0")}`,
    style: { fontSize: "11px", color: "var(--text-muted)", fontFamily: "inherit" },
  });
}

function build() {
  waves?.destroy();
  blocks.clear();
  regions = WaveSurfer.Regions.create();
  waves = WaveSurfer.create({
    container: lanesBox,
    cursorWidth: 0,
    barHeight: 0.6,
    autoScroll: false,
    autoCenter: false,
    ...options(),
    plugins: [regions, ruler()],
  });
  waves.shape = shape();
  lanesBox.style.setProperty("--lane", `${100 / story.layers.length}%`);
  const wrapper = waves.getWrapper();
  for (const name of ["beyond", "playhead"]) {
    const mark = document.createElement("div");
    mark.setAttribute("part", name);
    mark.style.cssText = "position:absolute;top:0;bottom:0;pointer-events:none;z-index:6";
    wrapper.append(mark);
    waves[name] = mark;
  }
  const list = wrapper.querySelector('[part="regions-container"]');
  list.style.height = "calc(100% - 20px)";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Events");
  list.setAttribute("aria-orientation", "horizontal");
  waves.on("click", (x) => seek(x * span));
}

// What a new drawing cannot take over from the one before it.
const shape = () => [story.layers.length, width(), token("--wave"), span].join("/");

function visibleSeconds() {
  const more = story.total + Math.max(1, story.total * 0.08);
  return Math.round(more * 10) / 10;
}

async function draw() {
  if (!story.events.length || !lanesBox.clientWidth) return;
  span = visibleSeconds();
  const scroll = waves?.getScroll() || 0;
  if (!waves || waves.shape !== shape()) build();
  const sound = JSON.stringify([span, story.peaks]);
  if (waves.sound !== sound) {
    const padding = Math.round((story.peaks[0].length * (span - story.total)) / story.total);
    const peaks = story.peaks.map((lane) => [...lane, ...new Array(padding).fill(0)]);
    await waves.load("", peaks, span);
    waves.setScroll(scroll);
    waves.sound = sound;
  }
  waves.beyond.style.cssText += `;left:${(100 * story.total) / span}%;right:0`;
  const gone = new Set(blocks.keys());
  for (const event of byTime()) {
    gone.delete(event.id);
    place(event);
  }
  for (const id of gone) {
    blocks.get(id).remove();
    blocks.delete(id);
  }
  focusAgain();
  tools();
  paint();
}

// Blocks that are drawn anew lose the focus. Whose it was has it again, and until then the keys that
// come to the page are still the timeline's.
const onLanes = (target) => Boolean(target.dataset?.id && target.getRootNode().host?.closest(".lanes"));
const focusedBlock = () => waves?.getWrapper().getRootNode().activeElement?.dataset.id;

const REDRAW = 30;

function focusAgain(tries = 20) {
  const elsewhere = document.activeElement !== document.body && !lanesBox.contains(document.activeElement);
  if (!holding || elsewhere || focusedBlock() === story.selected) return;
  const block = blocks.get(story.selected)?.element;
  if (block?.isConnected) block.focus({ preventScroll: true });
  if (tries) setTimeout(() => focusAgain(tries - 1), REDRAW);
}

document.addEventListener("focusin", ({ target }) => { holding = lanesBox.contains(target); });
document.addEventListener("pointerdown", ({ target }) => {
  holding = holding && lanesBox.contains(target);
}, true);

function place(event) {
  const lane = story.layers.indexOf(event.layer);
  let region = blocks.get(event.id);
  if (region && region.channelIdx !== lane) {
    region.remove();
    region = null;
  }
  const free = !event.locked;
  const params = {
    id: event.id,
    start: event.start,
    end: event.start + event.duration,
    drag: free,
    resize: free,
    content: label(event),
  };
  if (region) region.setOptions(params);
  else {
    region = regions.addRegion({ ...params, channelIdx: lane, color: "transparent", minLength: 0.1 });
    blocks.set(event.id, region);
    listen(region);
  }
  mark(region, event);
}

function label(event) {
  const box = document.createElement("div");
  const add = (name, text) => {
    const piece = document.createElement("span");
    piece.setAttribute("part", name);
    piece.textContent = text;
    box.append(piece);
    return piece;
  };
  for (const fade of ["overlap", "rise", "fall"]) {
    if (event[fade]) add(fade, "").style.width = `${(100 * event[fade]) / event.duration}%`;
  }
  if (event.curve.length) box.append(curve(event.curve));
  add("name", `${event.name}\u2002${event.caption} `);
  const state = event.locked ? "locked" : MISSING[event.missing] || STATES[event.state];
  const length = `${Number(event.duration.toFixed(2))} s`;
  const about = [event.role === "bed" && "bed", length, event.cue, event.placeholder && "placeholder", state];
  add("note", about.filter(Boolean).join(" · "));
  add("place", `, at ${event.start} s${event.layer ? `, layer ${event.layer}` : ""}`);
  return box;
}

// The shape of its level, over the block: its full height is CURVE_DB, the outer levels are held.
const CURVE_DB = 48;
const SVG = "http://www.w3.org/2000/svg";

function curve(points) {
  const height = (level) => (100 * (Math.max(...points.map(([, l]) => l), 0) - level)) / CURVE_DB;
  const held = [[0, points[0][1]], ...points, [1, points[points.length - 1][1]]];
  const line = document.createElementNS(SVG, "polyline");
  line.setAttribute("points", held.map(([x, level]) => `${100 * x},${Math.min(98, 2 + height(level))}`).join(" "));
  line.setAttribute("part", "curve-line");
  line.setAttribute("vector-effect", "non-scaling-stroke");
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("part", "curve");
  picture.setAttribute("viewBox", "0 0 100 100");
  picture.setAttribute("preserveAspectRatio", "none");
  picture.setAttribute("aria-hidden", "true");
  picture.append(line);
  return picture;
}

function mark(region, event) {
  const chosen = event.id === story.selected;
  const block = region.element;
  const parts = ["region", event.state, event.role, ...["locked", "placeholder"].filter((name) => event[name])];
  if (chosen) parts.push("selected");
  block.setAttribute("part", parts.filter(Boolean).join(" "));
  block.setAttribute("role", "option");
  block.setAttribute("aria-selected", String(chosen));
  block.tabIndex = chosen ? 0 : -1;
  block.dataset.id = event.id;
  block.title = event.caption;
  for (const [side, title] of Object.entries(edgeTitles(event))) {
    const handle = block.querySelector(`[part~="region-handle-${side}"]`);
    if (!handle) continue;
    handle.title = title;
    handle.setAttribute("aria-hidden", "true"); // or the title is part of the block's name
  }
  block.style.overflow = "hidden";
  block.style.zIndex = chosen ? 2 : 1;
}

// What an edge does to the others, for those who point at it. In the story itself there are no gaps.
const RIPPLES = "What follows moves along, and the story gets longer or shorter";
const ROLLS = "The event before it gets longer or shorter, the story does not";

function edgeTitles(event) {
  if (event.layer) return { left: "Its beginning", right: "Its length" };
  const right = isLast(event) ? RIPPLES : `${RIPPLES}. With Shift: the event after it does, the story does not`;
  return { left: before(event) ? ROLLS : RIPPLES, right };
}

const inOrder = () => byTime().filter((event) => !event.layer);
const before = (event) => inOrder()[inOrder().indexOf(event) - 1];
const after = (event) => inOrder()[inOrder().indexOf(event) + 1];
const isLast = (event) => !after(event);
const rolls = (event) => shifted && !event.layer && !isLast(event);

// The same while an edge is dragged, in seconds.
function edgeNote(event, side, by) {
  if (!event || event.layer || !side) return "";
  const other = side === "start" ? before(event) : rolls(event) && after(event);
  if (!other) part("[data-total]").value = (story.total + by).toFixed(1);
  return other ? ` · ${other.name}: ${(other.duration - by).toFixed(1)} s`
    : ` · story: ${(story.total + by).toFixed(1)} s`;
}

function listen(region) {
  region.on("click", () => select(region.id));
  region.element.addEventListener("focus", () => select(region.id));
  region.on("dblclick", () => playFrom(region.start));
  region.on("update-end", (side) => dropped(region, side));
  region.on("update", (side) => {
    const seconds = region.end - region.start;
    const event = eventOf(region.id);
    const others = edgeNote(event, side, seconds - event?.duration);
    // Dragged on while the lanes are built anew, it is a block that is gone.
    const note = region.element?.querySelector('[part="note"]');
    if (note) note.textContent = `${region.start.toFixed(1)} + ${seconds.toFixed(1)} s${others}`;
  });
}

function dropped(region, side) {
  const event = eventOf(region.id);
  if (!event) return;
  select(event.id);
  const values = { id: event.id, ...snapping() };
  const layer = layerAt(pointer);
  if (side === "end" && rolls(event)) act("roll", { ...values, end: region.end });
  else if (side === "end") act("stretch", { ...values, duration: region.end - event.start });
  else if (side === "start") act("trim", { ...values, start: region.start });
  else if (layer !== event.layer) act("layer", { ...values, layer, start: region.start });
  else act("move", { ...values, start: region.start });
}

// The layer under a height of the window; above the uppermost lane there is a new one.
function layerAt(height) {
  const box = waves.getWrapper().getBoundingClientRect();
  const lane = Math.floor((height - box.top) / laneHeight());
  if (height < box.top - 10) return Math.min(15, Math.max(...story.layers) + 1);
  return story.layers[Math.min(Math.max(lane, 0), story.layers.length - 1)];
}

function select(id, focus = false) {
  const event = eventOf(id);
  if (!event) return;
  const before = story.selected;
  story.selected = id;
  for (const other of [eventOf(before), event]) {
    if (other && blocks.has(other.id)) mark(blocks.get(other.id), other);
  }
  if (focus) {
    reveal(event);
    setTimeout(() => blocks.get(id)?.element?.focus({ preventScroll: true }), 0);
  }
  tools();
  if (id !== before) trigger("pick", { id, pick: (picks += 1) });
}

function reveal(event) {
  const scale = waves.getWrapper().clientWidth / span;
  const [left, right] = [event.start * scale, (event.start + event.duration) * scale];
  const scroll = waves.getScroll();
  if (left < scroll || right > scroll + waves.getWidth()) waves.setScroll(Math.max(0, left - 40));
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

// One drawing after the other; one that fails does not keep those after it from being made.
function redraw() {
  drawing = drawing.then(draw).catch((error) => console.error(error));
}

function show() {
  const next = props.value ? JSON.parse(props.value) : {};
  if (!next.stamp) {
    mix.pause();
    pauseTakes();
    if (story.title) remember("");
    story = { total: 0, events: [], layers: [], peaks: [], selected: "" };
    return;
  }
  if (next.stamp < drawnStamp) return;
  drawnStamp = next.stamp;
  if (next.title !== story.title) {
    mix.pause();
    mix.currentTime = 0;
  }
  // An answer to what was done before the last pick does not take that back.
  if (next.pick < picks && next.events.some(({ id }) => id === story.selected)) next.selected = story.selected;
  story = next;
  remember(story.title);
  for (const name of ["undo", "redo"]) {
    const button = document.getElementById(name);
    const kept = name === "undo" ? `\n${story.kept}` : "";
    if (button) button.title = story[name] ? `${button.textContent.trim()}: ${story[name]}${kept}` : "";
  }
  redraw();
}

// This tab's story, for a reload of it; other tabs have their own (tab.js).
const remember = (title) => sessionStorage.setItem("audiostory-title", title);

document.addEventListener("studio:position", ({ detail }) => {
  if (!waves) return;
  waves.playhead.style.left = `${(100 * detail) / span}%`;
  if (mix.paused) return;
  const x = (detail / span) * waves.getWrapper().clientWidth;
  const scroll = waves.getScroll();
  if (x < scroll || x > scroll + waves.getWidth()) waves.setScroll(Math.max(0, x - 40));
});
for (const name of ["pointermove", "pointerup"]) {
  document.addEventListener(name, (event) => {
    pointer = event.clientY;
    shifted = event.shiftKey;
  }, true);
}
new ResizeObserver(() => {
  if (waves?.shape !== shape()) redraw();
}).observe(lanesBox);
document.addEventListener("studio:light", redraw);
watch("value", show);

