// A region of the story that is played over and over: marked by Shift and a drag on the ruler, from
// what is selected, or from the playhead.

const SHORTEST_LOOP = 0.1; // seconds
let loops = false;
let region = null; // [begin, end], seconds
let passed = 0; // where the playhead was last

const wholeStory = () => [0, story.total];
const tidy = ([a, b]) => [rounded(Math.max(0, Math.min(a, b))), rounded(Math.min(story.total, Math.max(a, b)))];

function setRegion(begin, end) {
  const next = tidy([begin, end]);
  if (next[1] - next[0] < SHORTEST_LOOP) return false;
  region = next;
  drawLoop();
  return true;
}

function drawLoop() {
  const band = part(".loop-band");
  if (region && region[1] > story.total) region = region[0] < story.total - SHORTEST_LOOP ? tidy(region) : null;
  band.hidden = !region || !(loops || marking);
  band.classList.toggle("is-on", loops);
  const button = part("[data-loop]");
  button.setAttribute("aria-pressed", String(loops));
  button.textContent = loops && region ? `Loop ${region[0].toFixed(1)} to ${region[1].toFixed(1)} s` : "Loop";
  if (!region) return;
  band.style.left = `${pixels(region[0])}px`;
  band.style.width = `${(region[1] - region[0]) * scale}px`;
}

function setLoop(on) {
  loops = on;
  if (on && !region) region = wholeStory();
  drawLoop();
  say(on ? `Loop from ${region[0].toFixed(1)} to ${region[1].toFixed(1)} s` : "Loop off");
}

// On: what is selected, where more than one event is or no region was marked.
function toggleLoop() {
  if (!loops) {
    const events = several();
    if (events.length > 1 || !region) setRegion(Math.min(...events.map((e) => e.start)), Math.max(...events.map(endOf)));
  }
  setLoop(!loops);
}

// An edge that is put beyond the other one takes the story's own end for it.
function loopFrom(seconds) {
  const end = region && region[1] > seconds ? region[1] : story.total;
  if (setRegion(seconds, end)) setLoop(true);
  else say("A loop cannot begin there; it would be too short");
}

function loopTo(seconds) {
  const begin = region && region[0] < seconds ? region[0] : 0;
  if (setRegion(begin, seconds)) setLoop(true);
  else say("A loop cannot end there; it would be too short");
}

// Its beginning or its end at the playhead.
const loopHere = (side) => (side < 0 ? loopFrom : loopTo)(position());

// Back to its beginning when the playhead comes to its end, not where it was put beyond.
document.addEventListener("studio:position", ({ detail }) => {
  if (loops && region && !mix.paused && passed < region[1] && detail >= region[1] && detail - passed < 1) {
    seek(region[0]);
    passed = region[0];
    return;
  }
  passed = detail;
});
mix.addEventListener("ended", () => {
  if (loops && region && region[1] >= story.total - 0.05) playFrom(region[0]);
});

// Marked on the ruler with Shift, and its edges dragged there.
let marking = null;

function beginMarking(press) {
  const edge = press.target.dataset.loopEdge;
  if (!edge && !press.shiftKey) return;
  press.stopImmediatePropagation();
  press.preventDefault();
  const from = edge ? region[edge === "begin" ? 1 : 0] : snapped(secondsAt(press.clientX), []).seconds;
  marking = { from };
  press.target.setPointerCapture(press.pointerId);
  const along = ({ clientX }) => {
    setRegion(from, snapped(Math.max(0, secondsAt(clientX)), []).seconds);
  };
  const done = () => {
    press.target.removeEventListener("pointermove", along);
    marking = null;
    setLoop(Boolean(region));
  };
  press.target.addEventListener("pointermove", along);
  press.target.addEventListener("lostpointercapture", done, { once: true });
}

ruler.addEventListener("pointerdown", beginMarking, true);
for (const edge of element.querySelectorAll("[data-loop-edge]")) edge.addEventListener("pointerdown", beginMarking);
document.addEventListener("studio:drawn", drawLoop);
