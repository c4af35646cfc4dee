// Curves over the blocks: the envelopes of gain and pan and the shape of the level, with points that
// are dragged, added and taken off. They lie over the lanes, not in them: a block holds no controls.

const over = part(".envelopes");
const CURVES = {
  gain: { name: "Gain", least: -60, most: 24, foot: -48, top: 12, step: 1, fine: 0.1, drag: 0.5, usual: 0, unit: "dB", said: (v) => `${signed(v)} dB` },
  pan: { name: "Pan", least: -1, most: 1, foot: -1, top: 1, step: 0.05, fine: 0.01, drag: 0.05, usual: 0, unit: "", said: panSaid },
};
CURVES.shape = { ...CURVES.gain, name: "Shape" };
const TIME_STEP = 0.1; // seconds, by a key
const TIME_FINE = 0.01;
const NEXT_POINT = 0.01; // seconds between two points that a hand sets
const INSET = 6; // pixels of a block above and below its curve
let curveShown = "gain";
let ofLane = null; // layer of the lane whose curve is edited; null: the selected event's

const stripOpen = () => !part(".strip-panel").hidden;
const laneData = (layer) => story.mixer?.lanes.find((lane) => lane.layer === layer);
const laneOpen = () => (ofLane !== null && laneData(ofLane) ? ofLane : null);

// What is edited: where it lies, its points, and whether it may be changed.
function curveTarget() {
  const layer = laneOpen();
  if (layer !== null) {
    const name = curveShown === "shape" ? "gain" : curveShown;
    return { lane: layer, start: 0, duration: story.total, layer, points: laneData(layer).curves[name], name: laneName(layer), of: name };
  }
  const event = selected();
  if (!event) return null;
  return {
    id: event.id, start: event.start, duration: event.duration, layer: event.layer, locked: event.locked,
    points: event.curves[curveShown], name: event.name, of: curveShown,
  };
}

function boxOf(layer) {
  const lane = laneOf(layer);
  return lane && { top: lane.offsetTop - rows.offsetTop, height: lane.clientHeight };
}

function heightAt(kind, value, box) {
  const share = (Math.min(kind.top, Math.max(kind.foot, value)) - kind.foot) / (kind.top - kind.foot);
  return box.top + INSET + (1 - share) * (box.height - 2 * INSET);
}

// The foot of a gain is silence, however far it is drawn.
function valueAt(kind, y, box, step) {
  const share = 1 - (y - box.top - INSET) / (box.height - 2 * INSET);
  const value = kind.foot + share * (kind.top - kind.foot);
  if (value <= kind.foot + kind.drag / 2) return kind.least;
  return Number((Math.round(Math.min(kind.most, value) / step) * step).toFixed(2));
}

function levelOf(points, time, usual) {
  if (!points.length) return usual;
  const next = points.findIndex(([at]) => at >= time);
  if (next === 0) return points[0][1];
  if (next < 0) return points[points.length - 1][1];
  const [[t0, v0], [t1, v1]] = [points[next - 1], points[next]];
  return v0 + ((v1 - v0) * (time - t0)) / (t1 - t0);
}

function svg(name, values) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(values)) made.setAttribute(key, value);
  return made;
}

function curveLine(kind, points, start, duration, box, className) {
  const held = points.length ? [[0, points[0][1]], ...points, [duration, points[points.length - 1][1]]] : [[0, kind.usual], [duration, kind.usual]];
  const line = held.map(([time, value]) => `${pixels(start + time).toFixed(1)},${heightAt(kind, value, box).toFixed(1)}`).join(" ");
  return svg("polyline", { class: className, points: line });
}

// All curves that are there, and the one that is edited with its usual level behind it.
function drawCurves() {
  const picture = over.querySelector("svg");
  if (!story.events.length || !rows.children.length) return picture.replaceChildren();
  picture.setAttribute("width", sheet.clientWidth);
  picture.setAttribute("height", rows.clientHeight);
  const shown = stripOpen() ? curveShown : "gain";
  const target = stripOpen() ? curveTarget() : null;
  const lines = [];
  for (const event of story.events) {
    const box = boxOf(event.layer);
    const points = event.curves[shown];
    if (!box || folded.has(event.layer) || event.id === target?.id || !points.length || shown === "shape") continue;
    lines.push(curveLine(CURVES[shown], points, event.start, event.duration, box, "envelope"));
  }
  for (const lane of story.mixer.lanes) {
    const box = boxOf(lane.layer);
    const points = lane.curves[shown] || [];
    if (!box || folded.has(lane.layer) || lane.layer === target?.lane || !points.length) continue;
    lines.push(curveLine(CURVES[shown], points, 0, story.total, box, "envelope is-lanes"));
  }
  if (target && !folded.has(target.layer)) {
    const [kind, box] = [CURVES[target.of], boxOf(target.layer)];
    lines.push(curveLine(kind, [], target.start, target.duration, box, "envelope-usual"));
    lines.push(curveLine(kind, target.points, target.start, target.duration, box, "envelope is-edited"));
  }
  lines.push(...fadeLines());
  picture.replaceChildren(...lines);
  drawPoints(target && !target.locked && !folded.has(target.layer) ? target : null);
  drawFades();
}

const pointPieces = []; // reused, so that the one with the focus keeps it

function drawPoints(target) {
  const points = target?.points || [];
  while (pointPieces.length > points.length) {
    const gone = pointPieces.pop();
    if (gone === document.activeElement && pointPieces.length) pointPieces[pointPieces.length - 1].focus({ preventScroll: true });
    gone.remove();
  }
  while (pointPieces.length < points.length) {
    const made = makePoint(pointPieces.length);
    pointPieces.push(made);
    part(".envelope-points").append(made);
  }
  if (!target) return;
  const [kind, box] = [CURVES[target.of], boxOf(target.layer)];
  const current = Math.max(0, pointPieces.indexOf(document.activeElement));
  points.forEach(([time, value], place) => {
    const made = pointPieces[place];
    made.style.left = `${pixels(target.start + time)}px`;
    made.style.top = `${heightAt(kind, value, box)}px`;
    made.tabIndex = place === current ? 0 : -1;
    made.setAttribute("aria-label", `${kind.name} of ${target.name}, point ${place + 1} of ${points.length}`);
    made.setAttribute("aria-valuemin", kind.least);
    made.setAttribute("aria-valuemax", kind.most);
    made.setAttribute("aria-valuenow", value);
    made.setAttribute("aria-valuetext", `${kind.said(value)} at ${(target.start + time).toFixed(2)} s`);
    made.title = `${kind.said(value)} at ${(target.start + time).toFixed(2)} s`;
  });
}

function actOnCurve(name, values) {
  const target = curveTarget();
  if (!target) return;
  if (target.lane !== undefined) act(`lane_${name}`, { lane: target.lane, of: target.of, ...values });
  else act(name, { id: target.id, of: target.of, ...values });
}

// Between which times a point may lie.
function roomOf(target, place) {
  const least = place ? target.points[place - 1][0] + NEXT_POINT : 0;
  const most = place < target.points.length - 1 ? target.points[place + 1][0] - NEXT_POINT : target.duration;
  return [least, Math.max(least, most)];
}

const inside = (value, [least, most]) => Math.min(most, Math.max(least, value));

function makePoint(place) {
  const point = document.createElement("div");
  point.className = "envelope-point";
  point.setAttribute("role", "slider");
  point.setAttribute("aria-orientation", "vertical");
  let held = null;
  point.addEventListener("pointerdown", (press) => {
    if (press.button !== 0) return;
    press.preventDefault();
    press.stopPropagation();
    point.setPointerCapture(press.pointerId);
    point.focus({ preventScroll: true });
    const target = curveTarget();
    held = { target, was: [...target.points[place]], x: press.clientX, y: press.clientY, moved: false };
  });
  point.addEventListener("pointermove", (pointer) => {
    if (!held) return;
    const [across, down] = [pointer.clientX - held.x, pointer.clientY - held.y];
    if (!held.moved && Math.hypot(across, down) < THRESHOLD) return;
    held.moved = true;
    const { target, was } = held;
    const [kind, box] = [CURVES[target.of], boxOf(target.layer)];
    const wanted = snapped(target.start + was[0] + across / scale, []).seconds - target.start;
    const y = heightAt(kind, was[1], box) + down;
    const value = Math.abs(down) < THRESHOLD ? was[1] : valueAt(kind, y, box, pointer.shiftKey ? kind.fine : kind.drag);
    const time = Math.abs(across) < THRESHOLD ? was[0] : rounded(inside(wanted, roomOf(target, place)));
    target.points[place] = [time, value];
    drawCurves();
  });
  point.addEventListener("lostpointercapture", () => {
    const done = held;
    held = null;
    if (!done?.moved) return;
    const [at, value] = done.target.points[place];
    newGesture();
    actOnCurve("point_move", { point: place, at, value });
    say(point.getAttribute("aria-valuetext"));
  });
  point.addEventListener("dblclick", (event) => {
    event.stopPropagation();
    removePoint(place);
  });
  point.addEventListener("keydown", (event) => pointKey(event, place));
  point.addEventListener("focus", () => {
    for (const each of pointPieces) each.tabIndex = each === point ? 0 : -1;
  });
  point.addEventListener("contextmenu", (event) => {
    event.preventDefault();
    event.stopPropagation();
    const kind = CURVES[curveTarget().of];
    openMenu([
      ["Take the point off", "Del", () => removePoint(place)],
      [`Set it to ${kind.said(kind.usual)}`, "", () => setPoint(place, kind.usual)],
      ["Add one after it", "Enter", () => addAfter(place)],
      ["Clear the curve", "", clearCurve],
    ], event.clientX || point.getBoundingClientRect().left, event.clientY || point.getBoundingClientRect().bottom);
  });
  return point;
}

function pointKey(event, place) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const across = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const up = { ArrowUp: 1, ArrowDown: -1 }[event.key];
  const to = { PageUp: place - 1, PageDown: place + 1, Home: 0, End: pointPieces.length - 1 }[event.key];
  if (across || up) nudgePoint(place, across || 0, up || 0, event.shiftKey);
  else if (to !== undefined) pointPieces[inside(to, [0, pointPieces.length - 1])].focus();
  else if (event.key === "Delete" || event.key === "Backspace") removePoint(place);
  else if (event.key === "Enter") addAfter(place);
  else if (event.key === "Escape") focusBlock(story.selected);
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function nudgePoint(place, across, up, fine) {
  const target = curveTarget();
  const kind = CURVES[target.of];
  const [time, value] = target.points[place];
  const at = rounded(inside(time + across * (fine ? TIME_FINE : TIME_STEP), roomOf(target, place)));
  const level = Number(inside(value + up * (fine ? kind.fine : kind.step), [kind.least, kind.most]).toFixed(2));
  if (at === time && level === value) return say("It goes no further");
  target.points[place] = [at, level];
  drawCurves();
  actOnCurve("point_move", { point: place, by_time: rounded(at - time), by: Number((level - value).toFixed(2)) });
  say(pointPieces[place].getAttribute("aria-valuetext"));
}

function setPoint(place, value) {
  newGesture();
  actOnCurve("point_move", { point: place, at: curveTarget().points[place][0], value });
}

function removePoint(place) {
  newGesture();
  actOnCurve("point_remove", { point: place });
  say("Point taken off");
}

function addPoint(time, value) {
  const target = curveTarget();
  const at = rounded(inside(time, [0, target.duration]));
  newGesture();
  actOnCurve("point_add", { at, value: Number(value.toFixed(2)) });
  say(`Point added: ${CURVES[target.of].said(value)} at ${(target.start + at).toFixed(2)} s`);
}

function addAfter(place) {
  const target = curveTarget();
  const time = target.points[place][0];
  const next = target.points[place + 1]?.[0] ?? target.duration;
  if (next - time < 2 * NEXT_POINT) return say("There is no room for a point after it");
  addPoint((time + next) / 2, levelOf(target.points, (time + next) / 2, 0));
}

// At the playhead where that is over it, else in its middle, or that of its longest stretch.
function addHere() {
  const target = curveTarget();
  const there = position() - target.start;
  const times = [0, ...target.points.map(([time]) => time), target.duration];
  const taken = (time) => target.points.some(([at]) => Math.abs(at - time) < NEXT_POINT);
  let time = there;
  if (there <= 0 || there >= target.duration || taken(there)) {
    const gaps = times.slice(1).map((t, n) => [t - times[n], (t + times[n]) / 2]);
    time = gaps.reduce((a, b) => (b[0] > a[0] ? b : a))[1];
  }
  addPoint(time, levelOf(target.points, time, CURVES[target.of].usual));
}

function clearCurve() {
  newGesture();
  actOnCurve("points", { points: [] });
  say("Curve cleared");
}

// A double click on what is edited adds a point there, while its curve is open.
rows.addEventListener("dblclick", (event) => {
  const target = stripOpen() ? curveTarget() : null;
  const block = event.target.closest(".event-block");
  const lane = event.target.closest(".lane");
  const hit = target && (target.lane !== undefined ? Number(lane?.dataset.layer) === target.lane : block?.dataset.id === target.id);
  if (!hit || target.locked || event.target.closest('[part="name"]')) return;
  event.stopImmediatePropagation();
  const [kind, box] = [CURVES[target.of], boxOf(target.layer)];
  const y = event.clientY - rows.getBoundingClientRect().top;
  addPoint(secondsAt(event.clientX) - target.start, valueAt(kind, y, box, kind.drag));
}, true);

// A block that goes ahead of the server takes its curves along, once a frame.
let drawingCurves = false;

function drawCurvesSoon() {
  if (drawingCurves) return;
  drawingCurves = true;
  requestAnimationFrame(() => {
    drawingCurves = false;
    drawCurves();
  });
}

// While a block is dragged its curves are out of the way.
document.addEventListener("pointermove", () => { over.classList.toggle("is-away", Boolean(dragging?.moved)); });
document.addEventListener("pointerup", () => setTimeout(() => over.classList.remove("is-away"), 0));
document.addEventListener("studio:drawn", drawCurvesSoon);
