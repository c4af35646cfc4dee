// Seconds to pixels: the zoom, what of the story is in view, and the strip above that shows where.

const LARGEST_ZOOM = 64;
const WHEEL = 1.0025; // a pixel of the wheel
const NARROWEST = 44; // of a block on a phone, where a finger has to hit it
const PHONE = 640;
const HEAD = 64; // what the lanes' names take on the left; the style sheet has both too
const NARROW_HEAD = 44;
const scroller = part(".lanes");
const sheet = part(".sheet");
const strip = part(".overview");
let zoom = 1;
let span = 1;
let scale = 1; // pixels a second
let headWidth = HEAD;

function visibleSeconds() {
  const more = story.total + Math.max(1, story.total * 0.08);
  return Math.round(more * 10) / 10;
}

// As wide as the page, or on a phone wider, where the blocks would be too narrow to hit.
function measure() {
  headWidth = scroller.clientWidth < PHONE ? NARROW_HEAD : HEAD;
  const room = Math.max(100, scroller.clientWidth - head());
  const told = story.events.filter((event) => !event.layer).length;
  const least = scroller.clientWidth < PHONE ? told * NARROWEST : 0;
  span = visibleSeconds();
  scale = (zoom * Math.max(room, least)) / span;
  sheet.style.width = `${head() + span * scale}px`;
}

const head = () => headWidth;
const pixels = (seconds) => head() + seconds * scale;
const secondsAt = (clientX) => (clientX - sheet.getBoundingClientRect().left - head()) / scale;

// The zoom changes around a place of the window, which keeps its moment.
function zoomTo(wanted, clientX = scroller.getBoundingClientRect().left + scroller.clientWidth / 2) {
  const moment = secondsAt(clientX);
  zoom = Math.min(LARGEST_ZOOM, Math.max(1, wanted));
  if (zoom < 1.05) zoom = 1;
  redraw();
  scroller.scrollLeft += sheet.getBoundingClientRect().left + pixels(moment) - clientX;
  paintStrip();
}

function zoomToSpan(begin, end) {
  const room = scroller.clientWidth - head();
  const whole = (room * zoom) / (span * scale) || 1;
  const wanted = (0.9 * room * span) / (Math.max(end - begin, 0.1) * room);
  zoom = Math.min(LARGEST_ZOOM, Math.max(1, wanted / whole));
  redraw();
  scroller.scrollLeft = pixels((begin + end) / 2) - head() - room / 2;
  paintStrip();
}

function reveal(event) {
  const [left, right] = [pixels(event.start), pixels(event.start + event.duration)];
  const from = scroller.scrollLeft + head();
  if (left < from || right > scroller.scrollLeft + scroller.clientWidth) {
    scroller.scrollLeft = Math.max(0, left - head() - 40);
  }
}

// The strip: the whole story, and a frame around what is in view, which is dragged.
function paintStrip() {
  const frame = part(".overview-frame");
  const width = sheet.clientWidth - head();
  const seen = Math.min(1, (scroller.clientWidth - head()) / width);
  frame.style.left = `${(100 * scroller.scrollLeft) / width}%`;
  frame.style.width = `${100 * seen}%`;
  strip.classList.toggle("is-whole", seen > 0.999);
}

let drawnStrip = "";

function drawStrip() {
  const [width, colour] = [(strip.clientWidth * story.total) / span, token("--wave")];
  const key = [width.toFixed(1), colour, wholeWave].join("/");
  if (key !== drawnStrip) drawWave(part(".overview canvas"), wholeWave, width, strip.clientHeight, colour);
  drawnStrip = key;
  paintStrip();
}

function scrollTo({ clientX }) {
  const box = strip.getBoundingClientRect();
  const room = scroller.clientWidth - head();
  const place = ((clientX - box.left) / box.width) * (sheet.clientWidth - head());
  scroller.scrollLeft = place - room / 2;
}

strip.addEventListener("pointerdown", (event) => {
  strip.setPointerCapture(event.pointerId);
  scrollTo(event);
  strip.onpointermove = scrollTo;
});
strip.addEventListener("lostpointercapture", () => { strip.onpointermove = null; });
scroller.addEventListener("scroll", paintStrip, { passive: true });

// A wheel turns faster than the lanes are drawn: once a frame is enough.
let turned = 0;
scroller.addEventListener("wheel", (event) => {
  if (!event.ctrlKey && !event.metaKey) return;
  event.preventDefault();
  if (!turned) {
    requestAnimationFrame(() => {
      zoomTo(zoom * WHEEL ** -turned, event.clientX);
      turned = 0;
    });
  }
  turned += event.deltaY;
}, { passive: false });
