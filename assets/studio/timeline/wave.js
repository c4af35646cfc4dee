// Waveforms: what sounds in a block, drawn from its lane's peaks, on a canvas that moves with it.

const MOST_PIXELS = 4096; // of a canvas; a wider one is stretched
const BAR = 0.6; // of its height that the loudest sound takes

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// A lane's peaks are text, a character for each, up to LOUDEST.
const LOUDEST = 255;

function drawWave(canvas, peaks, width, height) {
  const dense = Math.min(devicePixelRatio || 1, MOST_PIXELS / Math.max(1, width));
  canvas.width = Math.max(1, Math.round(width * dense));
  canvas.height = Math.max(1, Math.round(height * (devicePixelRatio || 1)));
  canvas.style.width = `${width}px`;
  const brush = canvas.getContext("2d");
  brush.fillStyle = token("--wave");
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

// The columns of a lane that an event covers.
function peaksOf(event) {
  const lane = story.peaks[story.layers.indexOf(event.layer)] || "";
  const rate = lane.length / story.total;
  return lane.slice(Math.round(event.start * rate), Math.round((event.start + event.duration) * rate));
}

// Drawn anew only where something of it changed.
function drawBlockWave(block, event, height) {
  const peaks = peaksOf(event);
  const width = event.duration * scale;
  const picture = spectrumOf(event);
  block.classList.toggle("has-spectrum", Boolean(picture));
  const key = picture ? [picture.src, event.offset, width.toFixed(1), height].join("/") : [width.toFixed(1), height, token("--wave"), peaks].join("/");
  const canvas = block.querySelector("canvas");
  canvas.style.left = "0";
  if (block.wave === key) return;
  block.wave = key;
  if (picture) drawSpectrum(canvas, event, picture, width, height);
  else drawWave(canvas, peaks, width, height);
}
