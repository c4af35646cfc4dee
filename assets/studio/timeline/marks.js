// Markers: named moments of the story, in a row under the ruler, with a line through the lanes. They
// are added at the playhead, jumped along, dragged, renamed and deleted.

const marks = part(".marks");
const markLines = part(".mark-lines");
const SAID_OF_MARKS = { mark: "Marker set", move_marker: "Marker moved", rename_marker: "Marker renamed", unmark: "Marker deleted" };
const NEXT_TO = 0.01; // seconds by which the playhead is at a marker
let heldMark = null; // the moment of the marker that has the focus, or had it when it was drawn anew

const markAt = (at) => story.markers?.find((marker) => marker.at === at);
const markButton = (at) => marks.querySelector(`[data-at="${at}"]`);

// One behind the story's end stays in the story, and is seen again when that is longer.
const marksInView = () => (story.markers || []).filter(({ at }) => at <= span);

function drawMarks() {
  const all = marksInView();
  const focused = marks.contains(document.activeElement);
  if (!all.some(({ at }) => at === heldMark)) heldMark = all.length ? nearest(all, heldMark ?? 0).at : null;
  marks.hidden = !all.length;
  marks.replaceChildren(...all.map((marker) => {
    const flag = document.createElement("button");
    flag.type = "button";
    flag.className = "mark";
    flag.dataset.at = marker.at;
    flag.textContent = marker.name;
    flag.title = `${marker.name}, at ${marker.at} s`;
    flag.setAttribute("aria-label", `Marker ${marker.name}, at ${marker.at} s`);
    flag.tabIndex = marker.at === heldMark ? 0 : -1;
    flag.style.left = `${pixels(marker.at)}px`;
    return flag;
  }));
  markLines.replaceChildren(...all.map((marker) => {
    const line = document.createElement("div");
    line.style.left = `${pixels(marker.at)}px`;
    return line;
  }));
  if (focused) (markButton(heldMark) || blocks.get(story.selected))?.focus({ preventScroll: true });
}

const nearest = (all, at) => all.reduce((a, b) => (Math.abs(b.at - at) < Math.abs(a.at - at) ? b : a));

function setMark() {
  const at = rounded(position());
  if (markAt(at)) renameMark(at);
  else actOnMark("mark", { at });
}

// One that has just been nudged is still where it was before, to the server.
function dropMark(at) {
  const before = nudged?.at ?? at;
  clearTimeout(nudged?.timer);
  nudged = null;
  actOnMark("unmark", { at: before });
}

// What is done to a marker, and the moment at which it is afterwards.
function actOnMark(name, values) {
  heldMark = values.to ?? values.at;
  act(name, values);
}

function announceMark() {
  const marker = markAt(heldMark);
  say(acted !== "unmark" && marker ? `${SAID_OF_MARKS[acted]}: ${marker.name}, at ${marker.at} s` : SAID_OF_MARKS[acted]);
}

function renameMark(at) {
  sendNudge();
  const box = markButton(at)?.getBoundingClientRect();
  if (box) ask("Name of the marker", markAt(at).name, box.left, box.bottom, (text) => actOnMark("rename_marker", { at, text }));
}

// The playhead goes to the marker before or after it.
function jumpToMark(direction) {
  const from = position();
  const beyond = marksInView().filter(({ at }) => direction * (at - from) > NEXT_TO);
  const next = direction > 0 ? beyond[0] : beyond[beyond.length - 1];
  if (!next) return say(direction > 0 ? "No marker after the playhead" : "No marker before the playhead");
  goToMark(next);
}

function goToMark(marker) {
  seek(marker.at);
  reveal({ start: marker.at, duration: 0 });
  say(`${marker.name}, at ${marker.at} s`);
}

function stepMark(direction) {
  sendNudge();
  const all = marksInView();
  const place = all.findIndex(({ at }) => at === heldMark) + direction;
  const next = all[Math.min(Math.max(place, 0), all.length - 1)];
  heldMark = next.at;
  goToMark(next);
  for (const flag of marks.children) flag.tabIndex = Number(flag.dataset.at) === heldMark ? 0 : -1;
  markButton(heldMark).focus({ preventScroll: true });
}

// Steps that follow at once are sent as one: a marker is known by its moment, and answers may overtake
// each other. Until then the picture goes ahead of the server.
const NUDGED = 250; // ms
let nudged = null; // where the marker was before, and the timer that sends where it is

function nudgeMark(direction) {
  const to = rounded(Math.min(Math.max(0, heldMark + direction * NUDGE), story.total));
  if (to === heldMark || markAt(to)) return;
  clearTimeout(nudged?.timer);
  nudged = { at: nudged?.at ?? heldMark, timer: setTimeout(sendNudge, NUDGED) };
  markAt(heldMark).at = to;
  heldMark = to;
  drawMarks();
}

function sendNudge() {
  const at = nudged?.at;
  clearTimeout(nudged?.timer);
  nudged = null;
  if (at !== undefined && at !== heldMark) act("move_marker", { at, to: heldMark });
  if (at !== undefined) showLate();
}

const onMark = (at) => [
  ["Rename", "F2", () => renameMark(at)],
  ["Play from here", "Enter", () => playFrom(at)],
  ["Move to the playhead", "", () => actOnMark("move_marker", { at, to: rounded(position()) }), Boolean(markAt(rounded(position())))],
  ["Delete", "Del", () => actOnMark("unmark", { at })],
];

marks.addEventListener("keydown", (event) => {
  const at = Number(event.target.dataset.at);
  const direction = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (direction) (event.shiftKey ? nudgeMark : stepMark)(direction);
  else if (event.key === "F2") renameMark(at);
  else if (event.key === "Enter") playFrom(at);
  else if (event.key === "Delete" || event.key === "Backspace") dropMark(at);
  else return;
  event.preventDefault();
  event.stopPropagation();
});
marks.addEventListener("focusin", ({ target }) => { heldMark = Number(target.dataset.at); });
marks.addEventListener("click", ({ target }) => {
  const marker = markAt(Number(target.dataset.at));
  if (marker && !carried?.moved) goToMark(marker);
});
marks.addEventListener("dblclick", ({ target }) => renameMark(Number(target.dataset.at)));

let carried = null; // the marker that is dragged

marks.addEventListener("pointerdown", (press) => {
  const flag = press.target.closest(".mark");
  if (!flag || press.button !== 0) return;
  flag.setPointerCapture(press.pointerId);
  carried = { flag, at: Number(flag.dataset.at), x: press.clientX + scroller.scrollLeft, to: null, moved: false };
});
marks.addEventListener("pointermove", (pointer) => {
  if (!carried || !pointer.buttons) return;
  const across = pointer.clientX + scroller.scrollLeft - carried.x;
  if (!carried.moved && Math.abs(across) < THRESHOLD) return;
  carried.moved = true;
  scrollAlong(pointer.clientX);
  const { seconds, line } = snapped(Math.min(Math.max(0, carried.at + across / scale), story.total), []);
  carried.to = seconds;
  carried.flag.style.left = `${pixels(seconds)}px`;
  showSnapLine(line ?? seconds);
});
marks.addEventListener("pointerup", () => {
  const { at, to, moved } = carried || {};
  showSnapLine(null);
  if (moved && to !== at && !markAt(to)) actOnMark("move_marker", { at, to });
  else if (moved) drawMarks();
  setTimeout(() => { // the click that ends it is none on the marker
    carried = null;
    showLate();
  }, 0);
});
marks.addEventListener("pointercancel", () => {
  carried = null;
  showSnapLine(null);
  drawMarks();
});
