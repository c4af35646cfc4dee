// A slider of the mixer: drawn by hand, fine with Shift, by keys, back to its usual value by a double
// click. The page shows where it is at once, and the story is told when it is let go.

// Decibels by the share of a fader's way, as a console has them: most of it around 0 dB.
const TAPER = [[-60, 0], [-48, 0.08], [-36, 0.18], [-24, 0.32], [-12, 0.54], [-6, 0.68], [0, 0.8], [6, 0.88], [12, 0.94], [24, 1]];
const FINE = 0.1; // with Shift
const BIG = 6; // steps at once, by a page key

function between(table, value, from, to) {
  const after = Math.max(1, table.findIndex((row) => row[from] >= value));
  const [low, high] = [table[after - 1], table[after]];
  const share = (value - low[from]) / (high[from] - low[from]);
  return low[to] + Math.min(1, Math.max(0, share)) * (high[to] - low[to]);
}

const shareOf = (decibels) => between(TAPER, Math.min(24, Math.max(-60, decibels)), 0, 1);
const decibelsAt = (share) => between(TAPER, Math.min(1, Math.max(0, share)), 1, 0);
const signed = (value, digits = 1) => `${value < 0 ? "−" : value > 0 ? "+" : ""}${Math.abs(value).toFixed(digits)}`;
const panWords = (pan) => (Math.abs(pan) < 0.005 ? "C" : `${Math.round(Math.abs(pan) * 100)} ${pan < 0 ? "L" : "R"}`);
const panSaid = (pan) => (Math.abs(pan) < 0.005 ? "middle" : `${Math.round(Math.abs(pan) * 100)} % ${pan < 0 ? "left" : "right"}`);

const LEVELS = {
  least: -60, most: 24, step: 1, usual: 0, digits: 1, vertical: true,
  share: shareOf, value: decibelsAt, said: (v) => `${signed(v)} dB`,
};
const PANS = {
  least: -1, most: 1, step: 0.05, usual: 0, digits: 2, vertical: false,
  share: (v) => (v + 1) / 2, value: (s) => 2 * s - 1, said: panSaid,
};

// Args: what it is of, its name, `moved(value)` while it is drawn, `set(value)` and `by(step)` of the story.
function makeSlider(kind, name, { moved, set, by }) {
  const slider = document.createElement("div");
  slider.className = kind.vertical ? "fader" : "panner";
  slider.setAttribute("role", "slider");
  slider.setAttribute("aria-label", name);
  slider.setAttribute("aria-orientation", kind.vertical ? "vertical" : "horizontal");
  slider.setAttribute("aria-valuemin", kind.least);
  slider.setAttribute("aria-valuemax", kind.most);
  slider.tabIndex = 0;
  const cap = piece("cap");
  slider.append(piece("track"), cap);
  let held = null;
  const within = (value) => Math.min(kind.most, Math.max(kind.least, Number(value.toFixed(kind.digits))));

  function show(value) {
    slider.value = value;
    slider.setAttribute("aria-valuenow", value);
    slider.setAttribute("aria-valuetext", kind.said(value));
    cap.style[kind.vertical ? "bottom" : "left"] = `${100 * kind.share(value)}%`;
    moved(value);
  }
  slider.show = (value) => { if (!held) show(value); };

  slider.addEventListener("pointerdown", (press) => {
    if (press.button !== 0) return;
    slider.setPointerCapture(press.pointerId);
    slider.focus({ preventScroll: true });
    press.preventDefault();
    held = { at: kind.vertical ? press.clientY : press.clientX, share: kind.share(slider.value), began: slider.value };
  });
  slider.addEventListener("pointermove", (pointer) => {
    if (!held) return;
    const at = kind.vertical ? pointer.clientY : pointer.clientX;
    const way = kind.vertical ? slider.clientHeight : slider.clientWidth;
    const moved = ((kind.vertical ? held.at - at : at - held.at) / way) * (pointer.shiftKey ? FINE : 1);
    held.share = Math.min(1, Math.max(0, held.share + moved));
    held.at = at;
    show(within(kind.value(held.share)));
  });
  slider.addEventListener("lostpointercapture", () => {
    const began = held?.began;
    held = null;
    if (began === undefined || began === slider.value) return;
    newGesture();
    set(slider.value);
  });
  slider.addEventListener("dblclick", () => {
    show(kind.usual);
    newGesture();
    set(kind.usual);
  });
  slider.addEventListener("keydown", (event) => {
    const up = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: BIG, PageDown: -BIG }[event.key];
    const set_to = { Home: kind.most, End: kind.least, Delete: kind.usual, Backspace: kind.usual }[event.key];
    if ((up === undefined && set_to === undefined) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    const step = up === undefined ? 0 : up * kind.step * (event.shiftKey ? FINE : 1);
    show(set_to ?? within(slider.value + step));
    if (set_to === undefined) by(step);
    else set(set_to);
    say(`${name}: ${kind.said(slider.value)}`);
  });
  return slider;
}
