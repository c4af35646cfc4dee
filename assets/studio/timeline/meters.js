// Meters: what the server read in the mix, ten times a second, shown where the playhead is. They are
// those of the file, not of this machine's loudspeakers.

const READ_EVERY = 0.1; // seconds
const SILENT = -1200; // tenths of a decibel
const HOLD = 1.5; // seconds for which the highest peak is marked
const METER_FOOT = -60; // dB at the foot of a meter
const ASKED_AGAIN = 10_000; // milliseconds without an answer: the mix of then may have been another by its turn
let read = null; // { revision, master, lanes }
let asked = -1;

const shownMeters = () => (read && read.revision === mixRevision ? read : null);

// The readings of a lane (its layer) or of the master ("master") of what is heard now.
function readingsOf(which) {
  if (!hearsOther()) {
    const all = shownMeters();
    return which === "master" ? all?.master : all?.lanes[which];
  }
  if (which === "master") return audition.meter;
  return audition.lane === which ? audition.meter : null;
}

// The reading of the tenth of a second in which a moment lies.
function readingAt(readings, seconds) {
  if (!readings) return null;
  const place = Math.min(readings.peak.length - 1, Math.max(0, Math.ceil(seconds / READ_EVERY - 1e-6) - 1));
  const value = (name) => (readings[name][place] ?? SILENT) / 10;
  const from = Math.max(0, place - Math.round(HOLD / READ_EVERY));
  return {
    at: Math.round((place + 1) * READ_EVERY * 10) / 10, peak: value("peak"), loud: value("momentary"), short: value("short"),
    hold: Math.max(SILENT, ...readings.peak.slice(from, place + 1)) / 10,
  };
}

const height = (decibels) => Math.min(1, Math.max(0, (decibels - METER_FOOT) / -METER_FOOT));
const inWords = (decibels) => (decibels <= SILENT / 10 ? "−∞" : signed(decibels).replace("+", ""));

function askForMeters() {
  if (part(".mixer").hidden || mixRevision < 0 || read?.revision === mixRevision || asked === mixRevision) return;
  asked = mixRevision;
  trigger("meters", { revision: mixRevision });
  const revision = mixRevision;
  setTimeout(() => {
    if (asked !== revision || read?.revision === revision) return;
    asked = -1;
    askForMeters();
  }, ASKED_AGAIN);
}

function makeMeter(which) {
  const meter = piece("meter");
  meter.setAttribute("aria-hidden", "true");
  meter.dataset.of = which;
  meter.append(piece("meter-peak"), piece("meter-hold"), piece("meter-loud"));
  return meter;
}

function showMeter(meter, reading) {
  const [peak, hold, loud] = meter.children;
  peak.style.transform = `scaleY(${reading ? height(reading.peak) : 0})`;
  hold.style.bottom = `${100 * (reading ? height(reading.hold) : 0)}%`;
  loud.style.transform = `scaleY(${reading ? height(reading.loud) : 0})`;
  hold.hidden = !reading || reading.hold <= METER_FOOT;
  meter.dataset.at = reading ? reading.at : "";
  meter.dataset.peak = reading ? reading.peak : "";
  meter.dataset.loud = reading ? reading.loud : "";
  meter.classList.toggle("is-high", Boolean(reading) && reading.hold > -1.5);
}

document.addEventListener("studio:meters", ({ detail }) => {
  read = detail;
  send("studio:heard");
});
document.addEventListener("studio:mixed", askForMeters);
