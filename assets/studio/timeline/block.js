// A block: an event's element in its lane, with its wave, its words and its two edges.

const MISSING = { "not known": "sound not known", silence: "nothing is heard" };
const STATES = { new: "not rendered", changed: "changed since", rendered: "", rendering: "rendering" };
const SIDES = { rise: "in", fall: "out" };
const CURVE_DB = 48; // of a curve's full height; its outer levels are held
const SVG = "http://www.w3.org/2000/svg";
const blocks = new Map();

function piece(name, text = "", tag = "div") {
  const made = document.createElement(tag);
  made.setAttribute("part", name);
  made.textContent = text;
  return made;
}

function makeBlock(event) {
  const block = document.createElement("div");
  block.className = "event-block";
  block.setAttribute("role", "option");
  block.dataset.id = event.id;
  const canvas = document.createElement("canvas");
  canvas.setAttribute("aria-hidden", "true");
  block.append(canvas, piece("region-content"));
  for (const side of ["left", "right"]) {
    const handle = piece(`region-handle region-handle-${side}`);
    handle.dataset.edge = side;
    handle.setAttribute("aria-hidden", "true"); // or its title is part of the block's name
    block.append(handle);
  }
  block.addEventListener("focus", () => { if (!chosen.has(event.id)) select(event.id); });
  blocks.set(event.id, block);
  return block;
}

const putBlock = (event) => drawBlocks([event]);

// What asks for the layout comes before what changes it: between blocks the page would be laid out
// for each.
function drawBlocks(events) {
  const colour = token("--wave");
  for (const event of events) drawBlock(event, laneOf(event.layer), colour);
  drawCurvesSoon();
}

function drawBlock(event, lane, colour) {
  const block = blocks.get(event.id) || makeBlock(event);
  if (block.parentElement !== lane) lane.append(block);
  block.style.left = `${pixels(event.start)}px`;
  block.style.width = `${event.duration * scale}px`;
  block.classList.toggle("is-narrow", event.duration * scale < NARROW);
  const words = JSON.stringify(event);
  if (block.words !== words) {
    block.words = words;
    block.querySelector('[part="region-content"]').replaceChildren(...label(event));
    for (const [side, title] of Object.entries(edgeTitles(event))) {
      block.querySelector(`[part~="region-handle-${side}"]`).title = title;
    }
  }
  drawBlockWave(block, event, { height: lane.forWaves, colour });
  mark(block, event);
}

function label(event) {
  const pieces = [];
  for (const fade of ["overlap", "rise", "fall"]) {
    if (!event[fade] || event.fades[SIDES[fade]]?.[0]) continue; // drawn with its curve (fades.js)
    const shade = piece(fade);
    shade.style.width = `${(100 * event[fade]) / event.duration}%`;
    pieces.push(shade);
  }
  if (event.curve.length) pieces.push(curve(event.curve));
  const state = event.locked ? "locked" : MISSING[event.missing] || STATES[event.state];
  const length = `${Number(event.duration.toFixed(2))} s`;
  const about = [event.role === "bed" && "bed", length, event.cue, event.placeholder && "placeholder", state];
  const layer = event.layer ? `, layer ${event.layer}` : "";
  pieces.push(
    piece("name", `${event.name}\u2002${event.caption} `, "span"),
    piece("note", about.filter(Boolean).join(" · "), "span"),
    piece("place", `, at ${event.start} s${layer}, ${event.gain} dB${event.group ? ", grouped" : ""}`, "span"),
  );
  return pieces;
}

function curve(points) {
  const height = (level) => (100 * (Math.max(...points.map(([, l]) => l), 0) - level)) / CURVE_DB;
  const held = [[0, points[0][1]], ...points, [1, points[points.length - 1][1]]];
  const line = document.createElementNS(SVG, "polyline");
  line.setAttribute("points", held.map(([x, level]) => `${100 * x},${Math.min(98, 2 + height(level))}`).join(" "));
  line.setAttribute("part", "curve-line");
  line.setAttribute("vector-effect", "non-scaling-stroke");
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("part", "curve");
  picture.setAttribute("viewBox", "0 0 100 100");
  picture.setAttribute("preserveAspectRatio", "none");
  picture.setAttribute("aria-hidden", "true");
  picture.append(line);
  return picture;
}

function mark(block, event) {
  const first = event.id === story.selected;
  const names = ["region", event.state, event.role, ...["locked", "placeholder"].filter((name) => event[name])];
  if (chosen.has(event.id)) names.push("selected");
  if (event.group) names.push("grouped");
  setAttributes(block, {
    part: names.filter(Boolean).join(" "), "aria-selected": String(chosen.has(event.id)),
    tabindex: first ? "0" : "-1", title: event.caption,
  });
}

// What is set to what it is makes the page reckon its styles again all the same.
function setAttributes(node, values) {
  for (const [name, value] of Object.entries(values)) {
    if (node.getAttribute(name) !== value) node.setAttribute(name, value);
  }
}

// What an edge does to the others, for those who point at it.
const MOVES = "What follows moves along, and the story gets longer or shorter";
const STAYS = "What follows stays: a gap opens, or the next event gives way";
const SEAM = "With Shift: the seam between the two moves, the story stays as long";

function edgeTitles(event) {
  if (event.layer) return { left: "Its beginning, in its sound", right: "Its end" };
  const what = ripple ? MOVES : STAYS;
  return { left: `${what}. ${SEAM}`, right: `${what}. ${SEAM}` };
}

// A block that is drawn in another lane loses the focus: whose it was has it again.
let holding = false;

function focusBlock(id) {
  blocks.get(id)?.focus({ preventScroll: true });
}

function focusAgain() {
  const elsewhere = document.activeElement !== document.body && !rows.contains(document.activeElement);
  if (holding && !elsewhere && document.activeElement?.dataset.id !== story.selected) focusBlock(story.selected);
}

document.addEventListener("focusin", ({ target }) => { holding = rows.contains(target); });
document.addEventListener("pointerdown", ({ target }) => {
  holding = holding && scroller.contains(target);
}, true);
