// Gestures of mouse, pen and finger: blocks are moved, their edges trimmed, their sounds slipped. The
// block goes along with its wave, and the server is told when it is dropped.

const THRESHOLD = 4; // pixels
const OTHER_LANE = 14; // pixels up or down before it leaves its lane
const AT_EDGE = 36; // pixels from the side where the lanes scroll along
const SHORTEST = 0.1;
let dragging = null;
let pressing = false;
let shifted = false;
let dragged = false; // by the press that ended last

const inOrder = () => byTime().filter((event) => !event.layer);
const before = (event) => inOrder()[inOrder().indexOf(event) - 1];
const after = (event) => inOrder()[inOrder().indexOf(event) + 1];
const endOf = (event) => event.start + event.duration;
const meets = (one, other) => Boolean(one && other) && Math.abs(endOf(one) - other.start) < 0.002;

// Shift and an edge move the seam of two events that meet.
function seamOf(event, edge) {
  if (!shifted || event.layer) return null;
  if (edge === "right" && meets(event, after(event))) return event;
  if (edge === "left" && meets(before(event), event)) return before(event);
  return null;
}

rows.addEventListener("pointerdown", (press) => {
  const block = press.target.closest(".event-block");
  if (press.button !== 0) return;
  pressing = true;
  dragged = false;
  if (!block) beginMarquee(press);
  else beginDrag(press, block);
});
for (const name of ["pointerup", "pointercancel"]) {
  addEventListener(name, () => setTimeout(() => { pressing = false; }, 0), true);
}

function beginDrag(press, block) {
  const event = eventOf(block.dataset.id);
  const edge = press.target.dataset.edge || "";
  const adds = (press.shiftKey && !edge) || press.ctrlKey || press.metaKey;
  const was = chosen.has(event.id);
  if (adds) select(event.id, { more: true });
  else if (!was || edge) select(event.id);
  if (press.pointerType === "touch" && !was && !edge) return; // the first tap selects, and may scroll
  dragging = {
    event, edge, block, slips: press.altKey && !edge, alone: was && !adds && !edge,
    x: press.clientX + scroller.scrollLeft, y: press.clientY, moved: false, result: null,
  };
}

// Of the document: a press near the border of the lanes leaves them before it is a drag.
document.addEventListener("pointermove", (pointer) => {
  if (!dragging) return;
  shifted = pointer.shiftKey;
  scrollAlong(pointer.clientX);
  const across = pointer.clientX + scroller.scrollLeft - dragging.x;
  const down = pointer.clientY - dragging.y;
  if (!dragging.moved && Math.hypot(across, down) < THRESHOLD) return;
  if (!dragging.moved) rows.setPointerCapture(pointer.pointerId); // a click stays the block's own
  dragging.moved = true;
  dragged = true;
  if (dragging.event.locked) return;
  const seconds = across / scale;
  if (dragging.marquee) drawMarquee(pointer);
  else if (dragging.slips) slipTo(seconds);
  else if (dragging.edge) edgeTo(seconds);
  else moveTo(seconds, pointer.clientY, down);
});

function scrollAlong(clientX) {
  const box = scroller.getBoundingClientRect();
  if (clientX < box.left + head()) scroller.scrollLeft -= AT_EDGE / 2;
  else if (clientX > box.right - AT_EDGE) scroller.scrollLeft += AT_EDGE / 2;
}

function moveTo(seconds, clientY, down) {
  const { event, block } = dragging;
  const together = several();
  const earliest = Math.min(...together.map((each) => each.start));
  const ids = together.map(({ id }) => id);
  const { seconds: start, line } = snappedSpan(Math.max(event.start - earliest, event.start + seconds), event.duration, ids);
  const by = start - event.start;
  for (const each of together) blocks.get(each.id).style.left = `${pixels(each.start + by)}px`;
  const leaves = together.length === 1 && Math.abs(down) > OTHER_LANE;
  block.style.transform = leaves ? `translateY(${down}px)` : "";
  block.classList.add("is-dragged");
  const layer = leaves ? layerAt(clientY) : event.layer;
  dragging.result = { start, layer };
  showSnapLine(line);
  note(block, `${start.toFixed(1)} + ${event.duration.toFixed(1)} s`);
}

function edgeTo(seconds) {
  const { event, edge, block } = dragging;
  const side = edge === "left" ? event.start : endOf(event);
  let { seconds: moment, line } = snapped(side + seconds, [event.id]);
  if (edge === "left") moment = Math.max(0, Math.min(moment, rounded(endOf(event) - SHORTEST)));
  else moment = Math.max(moment, rounded(event.start + SHORTEST));
  if (edge === "right" && event.layer) moment = Math.min(moment, story.total);
  const [start, end] = edge === "left" ? [moment, endOf(event)] : [event.start, moment];
  block.style.left = `${pixels(start)}px`;
  block.style.width = `${(end - start) * scale}px`;
  block.querySelector("canvas").style.left = `${(event.start - start) * scale}px`;
  dragging.result = { start, end };
  showSnapLine(line);
  note(block, `${start.toFixed(1)} + ${(end - start).toFixed(1)} s${edgeNote(event, edge, end - start - event.duration)}`);
}

// What becomes of the others while an edge is dragged, in seconds.
function edgeNote(event, edge, by) {
  if (event.layer) return "";
  const seam = seamOf(event, edge);
  const neighbour = edge === "left" ? before(event) : after(event);
  if (seam) return ` · ${neighbour.name}: ${(neighbour.duration - by).toFixed(1)} s`;
  if (!ripple) return "";
  part("[data-total]").value = rounded(story.total + by);
  return ` · story: ${(story.total + by).toFixed(1)} s`;
}

function slipTo(seconds) {
  const { event, block } = dragging;
  const by = Math.min(event.room[0], Math.max(-event.room[1], seconds));
  block.querySelector("canvas").style.left = `${by * scale}px`;
  dragging.result = { by: rounded(by) };
  note(block, `sound ${by < 0 ? "" : "+"}${by.toFixed(2)} s`);
}

function note(block, words) {
  const place = block.querySelector('[part="note"]');
  if (place?.firstChild) place.firstChild.data = words; // no node comes or goes
  else if (place) place.textContent = words;
}

// The layer under a height of the window; above the uppermost lane there is a new one.
function layerAt(clientY) {
  const box = rows.getBoundingClientRect();
  if (clientY < box.top - 10) return Math.min(15, Math.max(...story.layers) + 1);
  const lanes = [...rows.children];
  const found = lanes.findIndex((lane) => clientY < lane.getBoundingClientRect().bottom);
  return story.layers[found < 0 ? lanes.length - 1 : found];
}

document.addEventListener("pointerup", (pointer) => {
  if (!dragging) return;
  const done = dragging;
  endDrag();
  if (done.marquee) focusBlock(story.selected); // keys go on from here
  else if (!done.moved && done.alone) select(done.event.id);
  else if (!done.moved && done.edge) selectUnder(pointer);
  else if (done.moved && done.result) drop(done);
  showLate();
});
document.addEventListener("pointercancel", letGo);
addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !dragging?.moved) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  letGo();
}, true);

// A handle for a finger reaches into the next block: who taps it there means that block.
function selectUnder({ clientX, clientY }) {
  const holds = ({ left, right, top, bottom }) => left <= clientX && clientX < right && top <= clientY && clientY < bottom;
  const under = [...blocks.values()].find((block) => holds(block.getBoundingClientRect()));
  if (under && under.dataset.id !== story.selected) select(under.dataset.id);
}

// Nothing is dropped: all goes back to where it was.
function letGo() {
  if (!dragging) return;
  endDrag();
  redraw();
  showLate();
}

function endDrag() {
  if (dragging?.block) {
    dragging.block.style.transform = "";
    dragging.block.classList.remove("is-dragged");
    dragging.block.words = "";
  }
  part(".marquee").hidden = true;
  showSnapLine(null);
  dragging = null;
}

function drop({ event, edge, slips, result }) {
  const values = { id: event.id };
  const seam = seamOf(event, edge);
  if (slips) act("slip", { by: result.by });
  else if (seam) act("roll", { id: seam.id, end: edge === "left" ? result.start : result.end });
  else if (edge === "right") act("stretch", { ...values, duration: rounded(result.end - event.start) });
  else if (edge === "left") act("trim", { ...values, start: result.start });
  else if (result.layer !== event.layer) act("layer", { ...values, layer: result.layer, start: result.start });
  else act("move", { ...values, start: result.start });
}

// A press on an empty place: a drag selects what it is drawn around.
function beginMarquee(press) {
  if (press.pointerType === "touch") return;
  dragging = {
    marquee: true, event: { locked: false }, moved: false, kept: press.shiftKey ? [...chosen] : [],
    x: press.clientX + scroller.scrollLeft, y: press.clientY,
  };
}

function drawMarquee(pointer) {
  const box = sheet.getBoundingClientRect();
  const from = dragging.x - scroller.scrollLeft;
  const [left, right] = [Math.min(from, pointer.clientX), Math.max(from, pointer.clientX)];
  const [top, bottom] = [Math.min(dragging.y, pointer.clientY), Math.max(dragging.y, pointer.clientY)];
  const marquee = part(".marquee");
  marquee.hidden = false;
  Object.assign(marquee.style, {
    left: `${left - box.left}px`, width: `${right - left}px`,
    top: `${top - box.top}px`, height: `${bottom - top}px`,
  });
  const inside = (block) => {
    const b = block.getBoundingClientRect();
    return b.left < right && b.right > left && b.top < bottom && b.bottom > top;
  };
  const met = [...blocks.values()].filter(inside).map((block) => block.dataset.id);
  selectAll([...new Set([...dragging.kept, ...met])]);
}

// A click moves the playhead there, on a block too.
rows.addEventListener("click", (event) => {
  if (dragged || event.shiftKey || event.ctrlKey || event.metaKey) return;
  seek(secondsAt(event.clientX));
});
ruler.addEventListener("pointerdown", (press) => {
  const along = ({ clientX }) => seek(secondsAt(clientX));
  ruler.setPointerCapture(press.pointerId);
  along(press);
  ruler.onpointermove = along;
});
ruler.addEventListener("lostpointercapture", () => { ruler.onpointermove = null; });
rows.addEventListener("dblclick", ({ target }) => {
  const block = target.closest(".event-block");
  if (!block) return;
  if (target.closest('[part="name"]')) rename(block.dataset.id);
  else playFrom(eventOf(block.dataset.id).start);
});
