// What is heard: the mix, or in its place a lane by itself or the story as it was. That other sound
// runs along at the same playhead, and one of the two is silent, so that they are switched at once.

const other = new Audio();
const APART = 0.08; // seconds by which the two may differ while they play
let audition = null; // what the other sound is: { lane or version, about, url, gain, meter }
let othersTurn = false;
let mixRevision = -1; // of the story, when the mix that is heard was made

const linear = (decibels) => 10 ** (decibels / 20);
const hearsOther = () => Boolean(audition) && othersTurn;

// The louder of the two is turned down to the other.
function balance() {
  const gain = audition?.gain || 0;
  mix.muted = hearsOther();
  other.muted = !hearsOther();
  mix.volume = linear(Math.min(0, -gain));
  other.volume = linear(Math.min(0, gain));
}

function alongside() {
  if (!audition) return;
  if (Math.abs(other.currentTime - mix.currentTime) > APART) other.currentTime = mix.currentTime;
  if (mix.paused) other.pause();
  else if (other.paused) start(other);
}

for (const name of ["play", "pause", "seeking", "seeked", "timeupdate", "ended"]) {
  mix.addEventListener(name, alongside);
}
other.addEventListener("loadedmetadata", alongside);

function showHeard() {
  const group = part(".heard");
  group.hidden = !audition;
  if (!audition) return group.replaceChildren();
  const choice = (words, on, act, title) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = words;
    if (on !== null) button.setAttribute("aria-pressed", String(on));
    button.title = title;
    button.addEventListener("click", act);
    return button;
  };
  const [now, then] = audition.lane === undefined ? ["A  Now", `B  ${audition.about}`] : ["Mix", `${audition.about} alone`];
  const held = group.contains(document.activeElement) ? [...group.children].indexOf(document.activeElement) : -1;
  const end = choice("End", null, endAudition, "Hear the mix alone again");
  group.replaceChildren(
    choice(now, !othersTurn, () => hear(false), "The story as it is (B switches)"),
    choice(then, othersTurn, () => hear(true), `${then.trim()}: at the same place, equally loud (B switches)`),
    end,
  );
  group.children[held]?.focus({ preventScroll: true });
}

function hear(turn) {
  othersTurn = turn;
  balance();
  showHeard();
  say(turn ? `Heard: ${audition.about}${audition.lane === undefined ? "" : " alone"}` : "Heard: the story as it is");
  send("studio:heard");
}

function switchHeard() {
  if (audition) hear(!othersTurn);
  else say("There is nothing to compare; choose A/B in the history, or listen to a lane in the mixer");
}

function endAudition() {
  if (!audition) return;
  const held = part(".heard").contains(document.activeElement);
  audition = null;
  othersTurn = false;
  other.pause();
  other.removeAttribute("src");
  balance();
  showHeard();
  if (held) part("[data-play]").focus({ preventScroll: true });
  say("Heard: the mix");
  send("studio:heard");
}

document.addEventListener("studio:audition", ({ detail }) => {
  if (!detail.url) return endAudition();
  const again = audition && audition.lane === detail.lane && audition.version === detail.version;
  audition = detail;
  if (!other.src.endsWith(detail.url)) other.src = detail.url;
  if (!again) hear(true);
  balance();
  showHeard();
  send("studio:heard");
  if (!again && mix.paused && mixUrl) toggle();
  alongside();
});

function listenToLane(layer) {
  if (audition?.lane === layer) return endAudition();
  say(`Making ${laneName(layer)} to be heard alone`);
  trigger("alone", { lane: layer });
}

// Each change of the story is another sound of it: what is heard beside it is made anew.
function sayMixing() {
  const late = Boolean(mixUrl) && mixRevision >= 0 && story.revision !== undefined && story.revision !== mixRevision;
  part(".mixing").hidden = !late;
  part(".timeline").dataset.revision = story.revision ?? "";
  part(".timeline").classList.toggle("is-mixing", late);
}

document.addEventListener("studio:mixed", ({ detail }) => {
  const known = mixRevision;
  mixRevision = detail;
  sayMixing();
  if (!audition || known === detail) return;
  if (audition.lane !== undefined) trigger("alone", { lane: audition.lane });
  else trigger("compare", { place: audition.version });
});
document.addEventListener("studio:drawn", sayMixing);
let heardTitle = "";
document.addEventListener("studio:drawn", () => {
  if (story.title !== heardTitle) endAudition();
  heardTitle = story.title;
});
