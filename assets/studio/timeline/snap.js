// Snapping: to edges and moments of all lanes, markers, the playhead, the story's ends, and the ruler's
// grid.

const REACH = 8; // pixels
const GRID_SHARE = 4; // parts of a step of the ruler
let snap = true;

function snapTargets(ignored) {
  const others = story.events.filter((event) => !ignored.includes(event.id));
  const edges = others.flatMap((e) => [e.start, e.start + e.duration, ...e.moments]);
  const named = (story.markers || []).map(({ at }) => at);
  return [0, story.total, position(), ...named, ...edges];
}

const rounded = (seconds) => Math.round(seconds * 1000) / 1000;

// The moment that a moment snaps to, and by how much that is away.
function snapped(seconds, ignored) {
  if (!snap) return { seconds: rounded(seconds), line: null };
  const reach = REACH / scale;
  const near = (a, b) => (Math.abs(a - seconds) <= Math.abs(b - seconds) ? a : b);
  const edge = snapTargets(ignored).reduce(near);
  if (Math.abs(edge - seconds) <= reach) return { seconds: rounded(edge), line: edge };
  const grid = rulerStep() / GRID_SHARE;
  const mark = Math.round(seconds / grid) * grid;
  if (Math.abs(mark - seconds) <= reach) return { seconds: rounded(mark), line: null };
  return { seconds: rounded(seconds), line: null };
}

// Of what is moved as a whole, whichever of its ends is nearer to something snaps.
function snappedSpan(start, length, ignored) {
  const [first, last] = [snapped(start, ignored), snapped(start + length, ignored)];
  const end = { seconds: rounded(last.seconds - length), line: last.line };
  const strict = (one) => (one.line === null ? 1 : 0);
  const off = (one) => Math.abs(one.seconds - start);
  if (strict(first) !== strict(end)) return strict(first) ? end : first;
  return off(first) <= off(end) ? first : end;
}

function showSnapLine(line) {
  const mark = part(".snap-line");
  mark.hidden = line === null || line === undefined;
  if (!mark.hidden) mark.style.left = `${pixels(line)}px`;
}

function toggleSnap() {
  snap = !snap;
  part("[data-snap]").setAttribute("aria-pressed", String(snap));
  say(snap ? "Snap on" : "Snap off");
}
