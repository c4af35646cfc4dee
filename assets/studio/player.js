// Playback: the mix of the story, a take, or a take against the one that is kept.

const mix = new Audio();
const take = new Audio();
const rival = new Audio();
const part = (selector) => element.querySelector(selector);
let mixUrl = "";
let story = { total: 0, events: [], layers: [], selected: "" };

function minutesAndSeconds(seconds) {
  const tenths = Math.round(seconds * 10);
  return `${Math.floor(tenths / 600)}:${((tenths % 600) / 10).toFixed(1).padStart(4, "0")}`;
}

// Being paused or given another sound while it still loads is no fault.
function start(sound) {
  sound.play().catch((fault) => {
    if (fault.name !== "AbortError") throw fault;
  });
}

const position = () => Math.min(mix.currentTime || 0, story.total);

function paint() {
  const seconds = position();
  part("[data-clock]").textContent = minutesAndSeconds(seconds);
  const slider = part(".seek");
  slider.value = seconds;
  slider.setAttribute("aria-valuetext", `${seconds.toFixed(1)} of ${story.total} seconds`);
  part(".timeline").classList.toggle("is-playing", !mix.paused);
  const button = part("[data-play]");
  button.disabled = !mixUrl;
  button.setAttribute("aria-label", mix.paused ? "Play the story" : "Pause");
  document.dispatchEvent(new CustomEvent("studio:position", { detail: seconds }));
  const playing = take.paused ? "" : take.muted ? rival.src : take.src;
  document.dispatchEvent(new CustomEvent("studio:sounding", { detail: playing }));
}

function follow() {
  paint();
  if (!mix.paused || !take.paused) requestAnimationFrame(follow);
}

function pauseTakes() {
  take.pause();
  rival.pause();
}

// A new mix goes on where the one before it was.
function load(address) {
  if (address === mixUrl) return;
  const seconds = position();
  const wasPlaying = !mix.paused && !mix.ended;
  mixUrl = address;
  if (address) mix.src = address;
  else mix.removeAttribute("src");
  mix.currentTime = Math.min(seconds, Math.max(0, story.total - 0.05));
  if (address && wasPlaying) start(mix);
  paint();
}

function toggle() {
  pauseTakes();
  if (!mix.paused) mix.pause();
  else if (mixUrl) {
    if (mix.ended || position() >= story.total - 0.05) mix.currentTime = 0;
    start(mix);
  }
}

function seek(seconds) {
  mix.currentTime = Math.min(Math.max(seconds, 0), Math.max(0, story.total - 0.01));
  paint();
}

function playFrom(seconds) {
  pauseTakes();
  seek(seconds);
  if (mixUrl) start(mix);
}

// Play a take by itself; chosen again, it stops.
function playTake(address) {
  mix.pause();
  rival.pause();
  take.muted = false;
  if (take.src.endsWith(address) && !take.paused) {
    take.pause();
    return;
  }
  if (!take.src.endsWith(address)) take.src = address;
  take.currentTime = 0;
  start(take);
}

// Two takes at one time, one of them silent; chosen again, the other one is silent.
function compare({ address, kept }) {
  mix.pause();
  if (!take.paused && !rival.paused && take.src.endsWith(address)) {
    take.muted = !take.muted;
    rival.muted = !take.muted;
    return;
  }
  if (!take.src.endsWith(address)) take.src = address;
  if (!rival.src.endsWith(kept)) rival.src = kept;
  for (const sound of [take, rival]) {
    sound.currentTime = 0;
    start(sound);
  }
  take.muted = false;
  rival.muted = true;
}

for (const sound of [mix, take, rival]) {
  for (const name of ["play", "pause", "ended", "seeked", "loadedmetadata", "volumechange"]) {
    sound.addEventListener(name, follow);
  }
}
mix.addEventListener("error", () => document.dispatchEvent(new CustomEvent("studio:missed")));
document.addEventListener("studio:mix", (event) => load(event.detail));
document.addEventListener("studio:play-take", (event) => playTake(event.detail));
document.addEventListener("studio:compare", (event) => compare(event.detail));
// A mix that was there before this player was.
load(document.querySelector("[data-mix]")?.dataset.mix || "");
part(".seek").addEventListener("input", (event) => seek(Number(event.target.value)));
part("[data-play]").addEventListener("click", toggle);

