// Fades of the selected block: a handle at each upper corner, drawn inwards, and the curve of each.

const FADE_NAMES = ["", "linear", "equal-power", "exponential", "logarithmic", "s-curve"];
const STEEP = 60; // of exponential curves, as the mix has them
const FADE_STEPS = 16;
const FADE_NUDGE = 0.1; // seconds
const FADES_ROOM = 36; // pixels of the narrowest block whose fades are drawn by hand
const RISES = {
  linear: (x) => x,
  "equal-power": (x) => Math.sin((Math.PI * x) / 2),
  exponential: (x) => (STEEP ** x - 1) / (STEEP - 1),
  logarithmic: (x) => 1 - (STEEP ** (1 - x) - 1) / (STEEP - 1),
  "s-curve": (x) => 0.5 - 0.5 * Math.cos(Math.PI * x),
};
const fadeWords = (curve) => curve || "equal-power, as usual";
const fadeHandles = {};

function fadeTarget() {
  const event = selected();
  const hidden = !event || event.locked || folded.has(event.layer) || chosen.size > 1;
  return hidden || event.duration * scale < FADES_ROOM ? null : event;
}

const fadeLines = () => story.events.flatMap(fadesOf);

function fadesOf(event) {
  const box = boxOf(event.layer);
  if (!box || folded.has(event.layer)) return [];
  return ["in", "out"].flatMap((side) => {
    const [seconds, curve] = event.fades[side];
    if (!seconds) return [];
    const rise = RISES[curve || "equal-power"];
    const points = [];
    for (let n = 0; n <= FADE_STEPS; n += 1) {
      const time = (seconds * n) / FADE_STEPS;
      const x = side === "in" ? event.start + time : event.start + event.duration - time;
      points.push(`${pixels(x).toFixed(1)},${(box.top + (1 - rise(n / FADE_STEPS)) * box.height).toFixed(1)}`);
    }
    return [svg("polyline", { class: "fade-line", points: points.join(" ") })];
  });
}

function drawFades() {
  const event = fadeTarget();
  for (const [side, handle] of Object.entries(fadeHandles)) {
    handle.hidden = !event;
    if (!event) continue;
    const [seconds, curve] = event.fades[side];
    const at = side === "in" ? event.start + seconds : event.start + event.duration - seconds;
    handle.style.left = `${pixels(at)}px`;
    handle.style.top = `${boxOf(event.layer).top}px`;
    handle.setAttribute("aria-label", `Fade ${side} of ${event.name}`);
    handle.setAttribute("aria-valuemax", event.duration);
    handle.setAttribute("aria-valuenow", seconds);
    handle.setAttribute("aria-valuetext", `${seconds.toFixed(2)} s, ${fadeWords(curve)}`);
    handle.title = `Fade ${side}: ${seconds.toFixed(2)} s, ${fadeWords(curve)}. Drag for its length, click for its curve`;
  }
}

function setFadeCurve(side, curve) {
  newGesture();
  act("fade", { id: story.selected, side, curve });
  say(`Fade ${side}: ${fadeWords(curve)}`);
}

function openFadeMenu(side, handle) {
  const box = handle.getBoundingClientRect();
  const now = selected().fades[side][1];
  openMenu(FADE_NAMES.map((curve) => [`${curve === now ? "✓ " : ""}${fadeWords(curve)}`, "", () => setFadeCurve(side, curve)]), box.left, box.bottom);
}

function nudgeFade(side, seconds) {
  const event = selected();
  const now = event.fades[side][0];
  const next = rounded(inside(now + seconds, [0, event.duration]));
  if (next === now) return say("It goes no further");
  event.fades[side][0] = next;
  drawCurves();
  act("fade", { id: event.id, side, by: rounded(next - now) });
  say(`Fade ${side}: ${next.toFixed(2)} s`);
}

function makeFadeHandle(side) {
  const handle = document.createElement("div");
  handle.className = `fade-handle is-${side}`;
  handle.setAttribute("role", "slider");
  handle.setAttribute("aria-valuemin", 0);
  handle.tabIndex = 0;
  let held = null;
  handle.addEventListener("pointerdown", (press) => {
    if (press.button !== 0) return;
    press.preventDefault();
    press.stopPropagation();
    handle.setPointerCapture(press.pointerId);
    handle.focus({ preventScroll: true });
    const event = selected();
    held = { event, was: event.fades[side][0], x: press.clientX, moved: false };
  });
  handle.addEventListener("pointermove", (pointer) => {
    if (!held) return;
    const across = (pointer.clientX - held.x) * (side === "in" ? 1 : -1);
    if (!held.moved && Math.abs(across) < THRESHOLD) return;
    held.moved = true;
    const { event, was } = held;
    const edge = side === "in" ? event.start : event.start + event.duration;
    const sign = side === "in" ? 1 : -1;
    const moment = snapped(edge + sign * (was + across / scale), [event.id]).seconds;
    event.fades[side][0] = rounded(inside(sign * (moment - edge), [0, event.duration]));
    drawCurves();
    note(blocks.get(event.id), `fade ${side} ${event.fades[side][0].toFixed(2)} s`);
  });
  handle.addEventListener("lostpointercapture", () => {
    const done = held;
    held = null;
    if (!done) return;
    if (!done.moved) return openFadeMenu(side, handle);
    blocks.get(done.event.id).words = "";
    newGesture();
    act("fade", { id: done.event.id, side, value: done.event.fades[side][0] });
    say(handle.getAttribute("aria-valuetext"));
  });
  handle.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const inward = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const step = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (inward) nudgeFade(side, inward * (side === "in" ? 1 : -1) * (event.shiftKey ? FADE_NUDGE / 10 : FADE_NUDGE));
    else if (step) {
      const place = FADE_NAMES.indexOf(selected().fades[side][1]) + step;
      const curve = FADE_NAMES[(place + FADE_NAMES.length) % FADE_NAMES.length];
      selected().fades[side][1] = curve;
      drawCurves();
      setFadeCurve(side, curve);
    } else if (event.key === "Enter") openFadeMenu(side, handle);
    else if (event.key === "Delete" || event.key === "Backspace") nudgeFade(side, -selected().duration);
    else if (event.key === "Escape") focusBlock(story.selected);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  part(".envelope-points").before(handle);
  return handle;
}

for (const side of ["in", "out"]) fadeHandles[side] = makeFadeHandle(side);
