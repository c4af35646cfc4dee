// The strip of the selected event, or of a lane: its curves, fades, movement, ducking, distance,
// equaliser and room, in a panel below the lanes.

const panel = part(".strip-panel");
const settings = {}; // inputs by what they set
const DEPTH = 9; // dB of a ducking
const NUMBERS = [
  ["distance", "Distance", "m", "1", "Metres from which it is heard: softer, duller and more of the room; 1 is as it is"],
  ["low_cut", "Low cut", "Hz", "off", "What lies below is taken out, 20 to 2000 Hz; empty: nothing"],
  ["high_cut", "High cut", "Hz", "off", "What lies above is taken out, 200 to 20 000 Hz; empty: nothing"],
  ["tilt_db", "Tilt", "dB", "0", "Treble above the bass, −24 to 24 dB"],
];
const ROOM_CHOICES = ["", "open air", "small room", "stairwell", "hall", "church"];

function toggleStrip(layer = null) {
  const other = panel.hidden || laneOpen() !== layer;
  ofLane = layer;
  showStrip(other);
}

function showStrip(open) {
  const inside = panel.contains(document.activeElement);
  panel.hidden = !open;
  part("[data-strip]").setAttribute("aria-expanded", String(open));
  fillStrip();
  redraw(); // the lanes make room for it
  if (!open && inside) focusBlock(story.selected);
  say(open ? `Strip of ${laneOpen() === null ? selected()?.caption : laneName(ofLane)} open` : "Strip closed");
}

function stripAct(of, value) {
  newGesture();
  if (laneOpen() !== null) act("lane_strip", { lane: ofLane, of, value });
  else act("strip", { id: story.selected, of, value });
}

function stripGroup(name, ...pieces) {
  const group = document.createElement("div");
  group.className = "strip-group";
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", name);
  group.append(...pieces);
  return group;
}

function stripButton(words, title, run) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = words;
  button.title = title;
  button.addEventListener("click", run);
  return button;
}

function stripField(of, words, unit, usual, title, set) {
  const label = document.createElement("label");
  label.title = title;
  const input = document.createElement("input");
  input.type = "text";
  input.inputMode = "decimal";
  input.placeholder = usual;
  input.addEventListener("change", () => set(input.value.trim().replace("−", "-")));
  input.addEventListener("keydown", (event) => { if (event.key === "Enter") input.blur(); });
  label.append(piece("words", words, "span"), input, piece("unit", unit, "span"));
  settings[of] = input;
  return label;
}

function stripChoice(of, words, choices, title, set) {
  const label = document.createElement("label");
  label.title = title;
  const menuOf = document.createElement("select");
  for (const [value, name] of choices) {
    const option = document.createElement("option");
    option.value = value;
    option.textContent = name;
    menuOf.append(option);
  }
  menuOf.addEventListener("change", () => set(menuOf.value));
  label.append(piece("words", words, "span"), menuOf);
  settings[of] = menuOf;
  return label;
}

function fadeFields(side) {
  return [
    stripField(`fade_${side}`, `Fade ${side}`, "s", "0", `Seconds of the fade ${side}; its handle is at the block's corner`, (value) => {
      newGesture();
      act("fade", { id: story.selected, side, value: value || 0 });
    }),
    stripChoice(`curve_${side}`, "Curve", FADE_NAMES.map((name) => [name, name || "as usual"]), `How the fade ${side} goes`, (curve) => setFadeCurve(side, curve)),
  ];
}

function chooseCurve(name) {
  curveShown = name;
  fillStrip();
  drawCurves();
  say(`${CURVES[name].name} is drawn on the block`);
}

function duck() {
  newGesture();
  const depth = settings.depth.value.trim().replace("−", "-");
  curveShown = "gain";
  if (laneOpen() !== null) act("lane_duck", { lane: ofLane, depth_db: depth });
  else act("duck", { id: story.selected, depth_db: depth });
  say("Ducking is drawn as an envelope of its gain");
  fillStrip();
}

function clearGain() {
  newGesture();
  act("points", { id: story.selected, of: "gain", points: [] });
  say("Its gain envelope is taken off");
}

function duckBeds() {
  newGesture();
  curveShown = "gain";
  act("duck_beds", { depth_db: settings.depth.value.trim().replace("−", "-") });
  say("The beds make way for the spots over them");
  fillStrip();
}

function moveMacro(name) {
  newGesture();
  act(name, { id: story.selected });
  say(name === "approach" ? "It comes nearer, over its whole length" : "It goes away, over its whole length");
}

// Made once; what it shows is filled in whenever something is drawn.
function makeStrip() {
  const curves = ["gain", "pan", "shape"].map((name) => {
    const button = stripButton(CURVES[name].name, `Draw its ${name} on the block`, () => chooseCurve(name));
    button.dataset.curve = name;
    return button;
  });
  const rooms = ROOM_CHOICES.map((name) => [name, name || "none"]);
  const about = piece("of", "", "span");
  panel.append(
    stripGroup("Of what", about, stripButton("Strip of the lane", "The strip of the event's lane, and back", () => toggleTarget())),
    stripGroup("Curve", ...curves,
      stripButton("Add point", "Add a point at the playhead; or double click on the block", addHere),
      stripButton("Clear", "Take all points of this curve off", clearCurve)),
    stripGroup("Ducking",
      stripButton("Duck", "Make way for the spots over it: an envelope of its gain, to be edited as any other", duck),
      stripButton("All beds", "Let every bed make way for the spots over it", duckBeds),
      stripField("depth", "by", "dB", String(DEPTH), "Decibels by which it is softer under a spot", () => {})),
    stripGroup("Movement",
      stripButton("Approach", "It comes nearer: level, brightness, width and room", () => moveMacro("approach")),
      stripButton("Recede", "It goes away: level, brightness, width and room", () => moveMacro("recede"))),
    stripGroup("Fades", ...fadeFields("in"), ...fadeFields("out")),
    stripGroup("Distance and tone", ...NUMBERS.map(([of, words, unit, usual, title]) => stripField(of, words, unit, usual, title, (value) => stripAct(of, value)))),
    stripGroup("Room",
      stripChoice("room", "Room", rooms, "The room in which it is heard", (value) => stripAct("room", value)),
      stripField("room_level", "Level", "dB", "−12", "Of the room beside the direct sound", (value) => stripAct("room_level", value))),
  );
  panel.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    showStrip(false);
  });
}

function toggleTarget() {
  ofLane = laneOpen() === null ? selected()?.layer ?? 0 : null;
  if (ofLane !== null && curveShown === "shape") curveShown = "gain";
  fillStrip();
  drawCurves();
  say(`Strip of ${laneOpen() === null ? selected()?.caption : laneName(ofLane)}`);
}

const shownNumber = (value) => (value === null || value === undefined ? "" : String(Number(value.toFixed(2))).replace("-", "−"));

function fillStrip() {
  if (panel.hidden || !story.events.length) return;
  const layer = laneOpen();
  const event = selected();
  const { strip: through } = layer === null ? event : laneData(layer);
  panel.classList.toggle("is-lanes", layer !== null);
  panel.querySelector('[part="of"]').textContent = layer === null ? `${event.name}  ${event.caption}` : `${laneName(layer)}, the lane`;
  panel.querySelector(".strip-group button").textContent = layer === null ? "Strip of the lane" : "Strip of the event";
  for (const button of panel.querySelectorAll("[data-curve]")) {
    button.setAttribute("aria-pressed", String(button.dataset.curve === curveShown));
    button.hidden = layer !== null && button.dataset.curve === "shape";
  }
  const fill = (name, value) => { if (document.activeElement !== settings[name]) settings[name].value = value; };
  fill("distance", through.distance === 1 ? "" : shownNumber(through.distance));
  for (const name of ["low_cut", "high_cut", "room_level"]) fill(name, shownNumber(through[name]));
  fill("tilt_db", through.tilt_db ? shownNumber(through.tilt_db) : "");
  fill("room", through.room);
  settings.room_level.disabled = !through.room;
  if (layer === null) {
    for (const side of ["in", "out"]) {
      fill(`fade_${side}`, event.fades[side][0] ? shownNumber(event.fades[side][0]) : "");
      fill(`curve_${side}`, event.fades[side][1]);
    }
  }
  for (const control of panel.querySelectorAll("button, input, select")) {
    const always = control.closest('[aria-label="Of what"]') || control.dataset.curve || control.textContent === "All beds";
    if (!always && control !== settings.room_level) control.disabled = layer === null && event.locked;
  }
}

makeStrip();
document.addEventListener("studio:drawn", fillStrip);
document.addEventListener("studio:selected", () => {
  fillStrip();
  drawCurvesSoon();
});
