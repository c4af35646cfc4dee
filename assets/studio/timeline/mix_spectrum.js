// The spectrogram of the mix under the lanes. The server makes it after each mix, while it is shown;
// as an image of its own it zooms and scrolls with what it lies under.

const MIX_SPECTRUM = "audiostory-mix-spectrum";
const HERTZ = [[100, "100"], [1000, "1k"], [10_000, "10k"]]; // marked beside it
const mixSpectrum = part(".mix-spectrum");
const mixImage = part(".mix-spectrum img");
let mixSpectrumShown = localStorage.getItem(MIX_SPECTRUM) === "on";
let mixSpectrumAsked = "";
let mixSpectrumKnown = ""; // which mix was answered last, with its light
let mixSpectrumOf = null; // what is drawn: the title of its story, and its seconds

const wantedSpectrum = () => `${mixRevision} ${lightNow()} ${story.title}`;
const mixSpectrumHeight = () => (mixSpectrumShown ? mixSpectrum.offsetHeight : 0);

function toggleMixSpectrum() {
  mixSpectrumShown = !mixSpectrumShown;
  localStorage.setItem(MIX_SPECTRUM, mixSpectrumShown ? "on" : "");
  signMixSpectrum();
  say(mixSpectrumShown ? "Spectrogram of the mix shown" : "Spectrogram of the mix hidden");
  redraw();
}

function signMixSpectrum() {
  part("[data-mix-spectrum]").setAttribute("aria-pressed", String(mixSpectrumShown));
  for (const row of [mixSpectrum, part(".mix-spectrum-head")]) row.hidden = !mixSpectrumShown;
}

function askForMixSpectrum() {
  if (!mixSpectrumShown || mixSpectrumAsked || mixRevision < 0) return;
  const wanted = wantedSpectrum();
  if (mixSpectrumKnown === wanted) return;
  mixSpectrumAsked = wanted;
  trigger("mix_spectrum", { light: lightNow() === "light" });
  setTimeout(() => {
    if (mixSpectrumAsked === wanted) mixSpectrumAsked = "";
    askForMixSpectrum();
  }, ASKED_ANEW);
}

// An answer without a picture was overtaken by an edit: the mix after it is asked for when it is there.
document.addEventListener("studio:mix-spectrum", ({ detail: { title, address, seconds, lowest, highest } }) => {
  mixSpectrumKnown = mixSpectrumAsked;
  mixSpectrumAsked = "";
  if (address && title === story.title) {
    const picture = new Image();
    picture.addEventListener("load", () => {
      mixImage.src = picture.src;
      mixSpectrumOf = { title, seconds };
      markHertz(lowest, highest);
      placeMixSpectrum();
    });
    picture.src = address;
  }
  askForMixSpectrum();
});

function markHertz(lowest, highest) {
  const inside = HERTZ.filter(([hertz]) => hertz > lowest && hertz < highest);
  part(".mix-spectrum-head div").replaceChildren(...inside.map(([hertz, words]) => {
    const tick = piece("hertz", words, "span");
    tick.style.bottom = `${(100 * Math.log(hertz / lowest)) / Math.log(highest / lowest)}%`;
    return tick;
  }));
}

// The one of before stays, dimmed, until that of the new mix is there; that of another story does not.
function placeMixSpectrum() {
  if (!mixSpectrumShown) return;
  const there = mixSpectrumOf?.title === story.title;
  mixImage.hidden = !there;
  part(".mix-spectrum p").hidden = there;
  part(".mix-spectrum p").textContent = mixRevision < 0
    ? "Nothing is heard yet: render the story, and its spectrogram is here."
    : "The spectrogram of the mix is being made.";
  if (!there) return;
  mixImage.style.left = `${head()}px`;
  mixImage.style.width = `${mixSpectrumOf.seconds * scale}px`;
}

document.addEventListener("studio:mixed", () => {
  placeMixSpectrum();
  askForMixSpectrum();
});
signMixSpectrum();
