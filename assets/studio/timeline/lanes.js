// The lanes: one a layer, the uppermost first, with their names, the ruler and the playhead.

const rows = part(".rows");
const heads = part(".heads");
const ruler = part(".ruler");
const folded = new Set(); // layers
let drawnStamp = 0;
let newestStamp = 0; // of those that came
let refreshedAfter = 0;
let drawnShape = "";

const RULER_STEPS = [0.1, 0.25, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600];
const BETWEEN_MARKS = 80; // pixels

const laneOf = (layer) => rows.children[story.layers.indexOf(layer)];
const rulerStep = () => RULER_STEPS.find((step) => step * scale >= BETWEEN_MARKS) || 1200;

function buildLanes() {
  const shape = JSON.stringify([story.layers, [...folded], laneHeight()]);
  if (shape === drawnShape) return;
  drawnShape = shape;
  const old = [...blocks.values()];
  const made = story.layers.map((layer) => {
    const lane = document.createElement("div");
    lane.className = "lane";
    lane.setAttribute("role", "group");
    lane.setAttribute("aria-label", laneName(layer));
    lane.dataset.layer = layer;
    lane.style.height = `${heightOf(layer)}px`;
    lane.classList.toggle("is-folded", folded.has(layer));
    lane.classList.toggle("is-low", heightOf(layer) < WITH_NOTE);
    return lane;
  });
  rows.replaceChildren(...made);
  heads.replaceChildren(...story.layers.map(laneHead));
  for (const lane of made) lane.forWaves = waveHeight(lane);
  for (const block of old) block.wave = "";
}

const laneName = (layer) => (layer ? `Layer ${layer}` : "Story");

function laneHead(layer) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.fold = layer;
  button.textContent = laneName(layer);
  button.title = "Fold or unfold this lane";
  button.setAttribute("aria-expanded", String(!folded.has(layer)));
  button.style.height = `${heightOf(layer)}px`;
  return button;
}

function fold(layer) {
  if (!folded.delete(layer)) folded.add(layer);
  redraw();
  heads.querySelector(`[data-fold="${layer}"]`)?.focus();
}

function drawRuler() {
  const step = rulerStep();
  const marks = [];
  const minutes = (s) => `${Math.floor(s / 60)}:${String(Math.round(s % 60)).padStart(2, "0")}`;
  const [from, to] = [secondsAt(scroller.getBoundingClientRect().left) - step, span];
  for (let n = Math.max(0, Math.floor(from / step)); n * step <= to && marks.length < 400; n += 1) {
    const seconds = Number((n * step).toFixed(2));
    const notch = piece("timeline-notch", seconds < 60 ? `${seconds}` : minutes(seconds), "span");
    notch.style.left = `${pixels(seconds)}px`;
    marks.push(notch);
  }
  ruler.replaceChildren(...marks);
}

function draw() {
  if (!story.events.length || !scroller.clientWidth) return;
  measure();
  drawMarks();
  fitLanes();
  buildLanes();
  const beyond = part(".beyond");
  beyond.style.left = `${pixels(story.total)}px`;
  drawRuler();
  drawStrip();
  const gone = new Set(blocks.keys());
  for (const { id } of story.events) gone.delete(id);
  drawBlocks(byTime());
  for (const id of gone) {
    blocks.get(id).remove();
    blocks.delete(id);
  }
  askForWaves();
  askForSpectra();
  placeMixSpectrum();
  askForMixSpectrum();
  focusAgain();
  showSelection();
  placePlayhead();
  send("studio:drawn");
}

// A fault in one drawing does not keep the next from being made.
function redraw() {
  try {
    draw();
  } catch (fault) {
    console.error(fault);
  }
}

function show() {
  const next = props.value ? JSON.parse(props.value) : {};
  if (!next.stamp) {
    mix.pause();
    pauseTakes();
    if (story.title) remember("");
    story = { total: 0, events: [], layers: [], selected: "" };
    return;
  }
  part(".timeline").dataset.view = next.stamp;
  // After an answer that was overtaken all of the page is of then.
  if (next.stamp < newestStamp && refreshedAfter !== newestStamp) {
    refreshedAfter = newestStamp;
    trigger("refresh");
  }
  newestStamp = Math.max(newestStamp, next.stamp);
  if (next.stamp < drawnStamp || dragging || carried || nudged) {
    late = next.stamp >= drawnStamp ? props.value : late;
    return;
  }
  drawnStamp = next.stamp;
  if (next.title !== story.title) {
    mix.pause();
    mix.currentTime = 0;
    zoom = 1;
    forgetWaves();
  }
  // An answer to what was done before the last pick does not take that back.
  if (next.pick < picks && next.events.some(({ id }) => id === story.selected)) next.selected = story.selected;
  next.events.forEach(putFades);
  adoptSelection(next);
  remember(story.title);
  sayUndo();
  redraw();
  announce();
}

// An answer that comes while something is dragged waits until it is dropped.
let late = "";

function showLate() {
  if (late) show();
  else if (wavesLate) showWaves();
  late = "";
}

function sayUndo() {
  for (const name of ["undo", "redo"]) {
    const button = document.getElementById(name);
    const kept = name === "undo" ? `\n${story.kept}` : "";
    const word = name === "undo" ? "Undo" : "Redo";
    if (button) button.title = story[name] ? `${word}: ${story[name]}${kept}` : "";
  }
}

// This tab's story, for a reload of it; other tabs have their own (tab.js).
const remember = (title) => sessionStorage.setItem("audiostory-title", title);

let playheadAt = 0;
const placePlayhead = () => { part(".playhead").style.left = `${pixels(playheadAt)}px`; };

document.addEventListener("studio:position", ({ detail }) => {
  playheadAt = detail;
  if (!story.events.length) return;
  placePlayhead();
  if (mix.paused) return;
  const x = pixels(detail) - scroller.scrollLeft;
  if (x < head() || x > scroller.clientWidth) scroller.scrollLeft += x - head() - 40;
});
scroller.addEventListener("scroll", drawRuler, { passive: true });
heads.addEventListener("click", ({ target }) => {
  if (target.dataset.fold !== undefined) fold(Number(target.dataset.fold));
});
let drawnWidth = 0;
new ResizeObserver(() => {
  if (scroller.clientWidth === drawnWidth) return;
  drawnWidth = scroller.clientWidth;
  redraw();
}).observe(scroller);
document.addEventListener("studio:light", redraw);
