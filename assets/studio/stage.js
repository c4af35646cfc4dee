// Behaviour of the stage: playing the mix, seeking, hearing takes, selecting events.
// Gradio runs this once with `element`, `trigger` and `watch`; the markup is replaced at each change.

const mix = new Audio();
const take = new Audio();
let wanted = "";
let waiting = false;

const find = (selector) => element.querySelector(selector);
const total = () => Number(find(".stage")?.dataset.total || 0);
const position = () => Math.min(mix.currentTime || 0, total());

function written(seconds) {
  const tenths = Math.round(seconds * 10);
  const rest = ((tenths % 600) / 10).toFixed(1).padStart(4, "0");
  return `${Math.floor(tenths / 600)}:${rest}`;
}

function paint() {
  const stage = find(".stage");
  if (!stage) return;
  const seconds = position();
  find(".playhead").style.left = `${total() ? (100 * seconds) / total() : 0}%`;
  find("[data-clock]").textContent = written(seconds);
  const slider = find(".stage-wave");
  slider.setAttribute("aria-valuenow", seconds.toFixed(1));
  slider.setAttribute("aria-valuetext", `${seconds.toFixed(1)} of ${total()} seconds`);
  const playing = !mix.paused || waiting;
  stage.classList.toggle("is-playing", playing);
  const button = find("[data-play]");
  button.disabled = !wanted && !waiting && mix.paused;
  button.setAttribute("aria-label", playing ? "Pause" : "Play the story");
  for (const chip of element.querySelectorAll("[data-listen]")) {
    const sounding = !take.paused && take.src.endsWith(chip.dataset.listen);
    chip.classList.toggle("is-sounding", sounding);
  }
}

function follow() {
  paint();
  if (!mix.paused || !take.paused) requestAnimationFrame(follow);
}

function load(address) {
  if (address === wanted) return;
  const seconds = mix.currentTime || 0;
  const playing = !mix.paused;
  wanted = address;
  mix.src = address;
  mix.currentTime = address ? Math.min(seconds, Math.max(0, total() - 0.05)) : 0;
  if (address && (playing || waiting)) mix.play();
  waiting = false;
  paint();
}

function toggle() {
  take.pause();
  if (!mix.paused) mix.pause();
  else if (wanted) {
    if (mix.ended || position() >= total() - 0.05) mix.currentTime = 0;
    mix.play();
  }
}

function seek(seconds) {
  mix.currentTime = Math.min(Math.max(seconds, 0), Math.max(0, total() - 0.01));
  paint();
}

function hear(chip) {
  mix.pause();
  const same = take.src.endsWith(chip.dataset.listen);
  if (same && !take.paused) {
    take.pause();
    return;
  }
  if (!same) take.src = chip.dataset.listen;
  take.currentTime = 0;
  take.play();
}

for (const sound of [mix, take]) {
  for (const name of ["play", "pause", "ended", "seeked", "loadedmetadata"]) {
    sound.addEventListener(name, follow);
  }
}

element.addEventListener("click", (event) => {
  const at = (selector) => event.target.closest(selector);
  if (at("[data-play]")) toggle();
  else if (at("[data-event]")) trigger("pick", { id: at("[data-event]").dataset.event });
  else if (at("[data-again]")) trigger("again", { id: at("[data-again]").dataset.again });
  else if (at("[data-take]")) {
    const chip = at("[data-take]");
    hear(chip);
    if (chip.getAttribute("aria-pressed") !== "true") {
      trigger("choose", { id: chip.dataset.of, key: chip.dataset.take });
    }
  } else if (at(".stage-wave")) {
    const box = find(".stage-wave").getBoundingClientRect();
    seek(((event.clientX - box.left) / box.width) * total());
  }
});

element.addEventListener("keydown", (event) => {
  if (!event.target.closest(".stage-wave")) return;
  const steps = { ArrowLeft: -1, ArrowRight: 1, PageDown: -5, PageUp: 5 };
  if (event.key in steps) seek(position() + steps[event.key]);
  else if (event.key === "Home") seek(0);
  else if (event.key === "End") seek(total());
  else return;
  event.preventDefault();
});

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, button, td, [contenteditable]");
  const command = event.ctrlKey || event.metaKey;
  const press = (id) => document.getElementById(id)?.click();
  if (event.key === " " && !typing && find(".stage")) {
    event.preventDefault();
    toggle();
  } else if (command && event.key.toLowerCase() === "z" && !event.target.closest("input, textarea")) {
    event.preventDefault();
    press(event.shiftKey ? "redo" : "undo");
  }
});

document.addEventListener("studio:mix", (event) => load(event.detail));
watch("value", () => {
  if (!find(".stage")) {
    mix.pause();
    take.pause();
  }
  paint();
});
paint();
