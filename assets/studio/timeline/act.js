// What is done to the story: sent to the server, and said to those who do not see the picture.

const SEVERAL = ["move", "gain_by", "delete", "duplicate", "group", "ungroup", "lock"];
const SAID = /^(lane_|master$|point|fade$|strip$|duck|approach$|recede$)/; // where it is done
const ONE_GESTURE = 900; // ms between steps of one event that one undo takes back
let gesture = { name: "", at: 0, number: 0 };
let ripple = localStorage.getItem("audiostory-ripple") !== "off";
let acted = "";

// Steps of one event that follow at once are one gesture; every other action is one by itself,
// however quickly the next comes.
function act(name, values = {}) {
  const now = Date.now();
  const all = SEVERAL.includes(name) && chosen.size > 1 ? { ids: [...chosen] } : {};
  const own = [name, values.lane ?? values.id ?? story.selected, values.point, all.ids].join();
  const goesOn = ("by" in values || "id" in values) && gesture.name === own && now - gesture.at < ONE_GESTURE;
  gesture = { name: own, at: now, number: goesOn ? gesture.number : Math.max(now, gesture.number + 1) };
  const known = { id: story.selected, pick: picks, gesture: gesture.number, ripple };
  acted = SAID.test(name) ? "" : name;
  sendInTurn({ name, values: { ...known, ...all, ...values } });
}

// What is done while an answer is awaited goes with the next request, together: a key that is held
// down would be ahead of the server for long.
let waitingActs = null;

function sendInTurn(one) {
  if (waitingActs?.turn.isLast()) {
    waitingActs.acts.push(one);
    return;
  }
  const batch = { acts: [one], turn: studioEdits.turn() };
  waitingActs = batch;
  batch.turn.then(() => {
    if (waitingActs === batch) waitingActs = null;
    trigger("act", { acts: batch.acts });
  });
}

// What a hand takes hold of anew is a gesture of its own.
function newGesture() {
  gesture.name = "";
}

function setRippleSign() {
  part("[data-ripple]").setAttribute("aria-pressed", String(ripple));
  if (!ripple) trigger("ripple", { on: ripple }); // the server's own setting is on
}

function setRipple(on) {
  ripple = on;
  localStorage.setItem("audiostory-ripple", on ? "on" : "off");
  part("[data-ripple]").setAttribute("aria-pressed", String(on));
  trigger("ripple", { on });
  for (const block of blocks.values()) block.words = "";
  say(on ? "Ripple on: what follows moves along" : "Ripple off: what follows stays");
  if (story.events.length) redraw();
}

const live = part(".said");

function say(words) {
  live.textContent = "";
  setTimeout(() => { live.textContent = words; }, 20); // said again where it is the same
}

document.addEventListener("studio:say", ({ detail }) => say(detail));

function announce() {
  const event = selected();
  if (!acted || !event) return;
  if (acted in SAID_OF_MARKS) {
    announceMark();
    acted = "";
    return;
  }
  const kinds = { delete: "Deleted", paste: "Pasted", duplicate: "Repeated", group: "Grouped" };
  const many = chosen.size > 1 ? `${chosen.size} events selected. ` : "";
  const layer = event.layer ? `, layer ${event.layer}` : "";
  const where = `${event.name} ${event.caption}: at ${event.start} s, ${event.duration} s long${layer}`;
  say(`${kinds[acted] ? `${kinds[acted]}. ` : ""}${many}${where}, ${event.gain} dB`);
  acted = "";
}
