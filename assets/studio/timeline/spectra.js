// Spectrograms in place of the waves: asked for some at a time, of the blocks that are there, and drawn
// as they come.

const SPECTRUM = "audiostory-spectrum";
const AT_ONCE = 6; // takes of one request
const spectra = new Map(); // by light and take: a picture, or null where there is none
let spectrumShown = localStorage.getItem(SPECTRUM) === "on";
let spectraAsked = false;

const lightNow = () => (document.documentElement.classList.contains("light") ? "light" : "dark");
const spectrumOf = (event) => (spectrumShown && spectra.get(`${lightNow()}/${event.take}`)) || null;

function toggleSpectrum() {
  spectrumShown = !spectrumShown;
  localStorage.setItem(SPECTRUM, spectrumShown ? "on" : "");
  signSpectrum();
  say(spectrumShown ? "Spectrograms shown" : "Waves shown");
  redraw();
}

function signSpectrum() {
  part("[data-spectrum]").setAttribute("aria-pressed", String(spectrumShown));
}

function askForSpectra() {
  if (!spectrumShown || spectraAsked) return;
  const light = lightNow();
  const missing = byTime().map(({ take }) => take).filter((take) => take && !spectra.has(`${light}/${take}`));
  if (!missing.length) return;
  spectraAsked = true;
  trigger("spectra", { keys: [...new Set(missing)].slice(0, AT_ONCE), light: light === "light" });
}

document.addEventListener("studio:spectra", ({ detail: { light, found } }) => {
  spectraAsked = false;
  for (const [take, address] of Object.entries(found)) {
    const key = `${light}/${take}`;
    spectra.set(key, null);
    if (!address) continue;
    const picture = new Image();
    picture.addEventListener("load", () => {
      spectra.set(key, picture);
      for (const event of story.events) if (event.take === take) putBlock(event);
    });
    picture.src = address;
  }
  askForSpectra();
});

// The part of the take that the event uses, as wide as the block.
function drawSpectrum(canvas, event, picture, width, height) {
  const dense = Math.min(devicePixelRatio || 1, MOST_PIXELS / Math.max(1, width));
  canvas.width = Math.max(1, Math.round(width * dense));
  canvas.height = Math.max(1, Math.round(height * (devicePixelRatio || 1)));
  canvas.style.width = `${width}px`;
  const perSecond = picture.naturalWidth / event.sounds;
  const used = Math.min(event.duration, event.sounds - event.offset);
  const share = used / event.duration;
  canvas.getContext("2d").drawImage(
    picture, event.offset * perSecond, 0, Math.max(1, used * perSecond), picture.naturalHeight,
    0, 0, canvas.width * share, canvas.height,
  );
}

signSpectrum();
