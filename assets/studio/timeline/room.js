// The room that the window has: how high lanes are, and whether the table stands beside them.

const LOWEST = 44; // of a lane: its name and its wave
const WITH_NOTE = 70; // lower lanes leave out the second line of words
const USUAL = [132, 132, 104, 84]; // of so many lanes and more, in a window of USUAL_WINDOW
const USUAL_WINDOW = 800;
const MOST_GROWTH = 1.6;
const FOLDED = 30;
const LEAST_LANES = 230; // of all of them together
const UNDER = 12; // between the timeline and the end of the window
const LANE_GAP = 4;
const NAME = 18;
const NARROW = 56; // of a block, whose name goes without its room around
const RULER = 20; // the style sheet has these, too

// The lanes end where the window does, less what stands below them; a phone's page is scrolled anyway.
function fitLanes() {
  const box = scroller.getBoundingClientRect();
  const below = part(".timeline").getBoundingClientRect().bottom - box.bottom;
  const room = innerHeight - box.top - scrollY - below - UNDER;
  scroller.style.maxHeight = innerWidth < PHONE ? "" : `${Math.max(LEAST_LANES, Math.floor(room))}px`;
}

// As high as suits their number and the window, and lower where they would have to be scrolled.
function laneHeight() {
  const open = story.layers.filter((layer) => !folded.has(layer)).length || 1;
  const growth = Math.min(MOST_GROWTH, Math.max(1, innerHeight / USUAL_WINDOW));
  const usual = USUAL[Math.min(story.layers.length, USUAL.length - 1)] * growth;
  const closed = (story.layers.length - open) * FOLDED;
  const most = parseFloat(getComputedStyle(scroller).maxHeight) - RULER - marks.offsetHeight - mixSpectrumHeight() - closed;
  return Math.round(Math.max(LOWEST, Math.min(usual, most / open)));
}

// What of a lane its waves have: in low ones they are below the names.
const waveHeight = (lane) => lane.clientHeight - LANE_GAP - (lane.classList.contains("is-low") ? NAME : 0);
const heightOf = (layer) => (folded.has(layer) ? FOLDED : laneHeight());

const BESIDE = "audiostory-table";

function setTable(beside) {
  document.documentElement.classList.toggle("table-beside", beside);
  part("[data-table]").setAttribute("aria-pressed", String(beside));
}

function toggleTable() {
  const beside = part("[data-table]").getAttribute("aria-pressed") !== "true";
  localStorage.setItem(BESIDE, beside ? "beside" : "");
  setTable(beside);
  say(beside ? "The table is beside the timeline" : "The table is below the timeline");
}

let drawnHeight = innerHeight;
addEventListener("resize", () => {
  if (innerHeight !== drawnHeight) requestAnimationFrame(redraw);
  drawnHeight = innerHeight;
});
setTable(localStorage.getItem(BESIDE) === "beside");
