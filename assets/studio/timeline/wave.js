// Waveforms: what sounds in a block, on a canvas that moves with it. It comes after the block
// (studio/view/waves.py); until then a block keeps its wave, or has that of its take elsewhere.

const MOST_PIXELS = 4096; // of a canvas; a wider one is stretched
const BAR = 0.6; // of its height that the loudest sound takes

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Peaks are text, a character for each, up to LOUDEST.
const LOUDEST = 255;

function drawWave(canvas, peaks, width, height, colour) {
  const dense = Math.min(devicePixelRatio || 1, MOST_PIXELS / Math.max(1, width));
  canvas.width = Math.max(1, Math.round(width * dense));
  canvas.height = Math.max(1, Math.round(height * (devicePixelRatio || 1)));
  canvas.style.width = `${width}px`;
  const brush = canvas.getContext("2d");
  brush.fillStyle = colour;
  const [across, middle] = [canvas.width, canvas.height / 2];
  for (let x = 0; x < across; x += 1) {
    const [from, to] = [(x * peaks.length) / across, ((x + 1) * peaks.length) / across];
    let loudest = 0;
    for (let n = Math.floor(from); n < Math.max(to, Math.floor(from) + 1); n += 1) {
      loudest = Math.max(loudest, peaks.charCodeAt(n) || 0);
    }
    const half = (loudest / LOUDEST) * BAR * middle;
    if (half > 0.25) brush.fillRect(x, middle - half, 1, 2 * half);
  }
}

const waves = new Map(); // by event, and by take: a part of a take, with its peaks and fades
const FADES = ["overlap", "rise", "fall"];
const ASKED_ANEW = 10_000; // milliseconds without an answer
let wholeWave = "";
let wavesOf = ""; // the title and revision that they were asked for
let wavesAsked = null;
let wavesLate = false;

const shownRevision = () => `${story.revision} ${story.title}`;

function waveOf(event) {
  const own = waves.get(event.id);
  return own?.take === event.take ? own : waves.get(`take ${event.take}`);
}

// Of a take of which the event uses another part than before there is what was drawn of it.
function peaksOf(event) {
  const wave = waveOf(event);
  if (!wave?.peaks) return "";
  const rate = wave.peaks.length / wave.duration;
  const [from, count] = [Math.round((event.offset - wave.offset) * rate), Math.round(event.duration * rate)];
  const there = wave.peaks.slice(Math.max(0, from), Math.max(0, from + count));
  return ("\0".repeat(Math.max(0, Math.min(count, -from))) + there).padEnd(count, "\0");
}

// The fades that are heard, where they are known of an event of this length.
function putFades(event) {
  const wave = waves.get(event.id);
  const known = wave && wave.take === event.take && wave.duration === event.duration;
  for (const fade of FADES) event[fade] = known ? wave[fade] : 0;
}

function forgetWaves() {
  waves.clear();
  wholeWave = wavesOf = "";
}

function askForWaves() {
  if (wavesAsked || !story.events.length || wavesOf === shownRevision()) return;
  const asked = { revision: shownRevision() };
  wavesAsked = asked;
  trigger("waves", {});
  setTimeout(() => {
    if (wavesAsked !== asked) return;
    wavesAsked = null;
    askForWaves();
  }, ASKED_ANEW);
}

document.addEventListener("studio:waves", ({ detail: { title, whole, blocks: parts } }) => {
  const asked = wavesAsked;
  wavesAsked = null;
  if (title === story.title) {
    wavesOf = asked?.revision || "";
    wholeWave = atob(whole);
    for (const [id, part] of Object.entries(parts)) {
      const wave = { ...part, peaks: atob(part.peaks) };
      waves.set(id, wave);
      if (wave.take) waves.set(`take ${wave.take}`, wave);
    }
    showWaves();
  }
  askForWaves();
});

// What is held keeps its place and its words until it is let go.
function showWaves() {
  wavesLate = Boolean(dragging || carried || nudged);
  if (wavesLate) return;
  story.events.forEach(putFades);
  if (!scroller.clientWidth) return;
  drawBlocks(story.events);
  drawStrip();
}

// A wave is drawn after the picture that its block is in: until then what was drawn is stretched. Of
// many some are drawn in each frame.
const unpainted = new Map(); // blocks, and what draws in them
const SLICE = 8; // milliseconds

function paintSoon(block, paint) {
  if (!unpainted.size) requestAnimationFrame(() => setTimeout(paintWaves, 0));
  unpainted.set(block, paint);
}

function paintWaves() {
  const until = performance.now() + SLICE;
  for (const [block, paint] of unpainted) {
    unpainted.delete(block);
    if (block.isConnected) paint();
    if (performance.now() > until) break;
  }
  if (unpainted.size) requestAnimationFrame(paintWaves);
}

// Drawn anew only where something of it changed.
function drawBlockWave(block, event, { height, colour }) {
  const peaks = peaksOf(event);
  const width = event.duration * scale;
  const picture = spectrumOf(event);
  block.classList.toggle("has-spectrum", Boolean(picture));
  const key = picture ? [picture.src, event.offset, width.toFixed(1), height].join("/") : [width.toFixed(1), height, colour, peaks].join("/");
  const canvas = block.querySelector("canvas");
  canvas.style.left = "0";
  if (block.wave === key) return;
  block.wave = key;
  canvas.style.width = `${width}px`;
  paintSoon(block, () => {
    if (picture) drawSpectrum(canvas, event, picture, width, height);
    else drawWave(canvas, peaks, width, height, colour);
  });
}
