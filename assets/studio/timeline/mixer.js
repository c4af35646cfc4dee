// The mixer: a channel for each lane, and the master. Faders, pan, mute and solo are edits of the
// story; a lane is listened to by itself without one.

const desk = part(".mixer");
const channels = new Map(); // by layer, and "master"
let deskShape = "";

function toggleMixer() {
  desk.hidden = !desk.hidden;
  localStorage.setItem("audiostory-mixer", desk.hidden ? "" : "open");
  part("[data-mixer]").setAttribute("aria-expanded", String(!desk.hidden));
  if (!desk.hidden) {
    buildMixer();
    askForMeters();
  }
  redraw(); // the lanes make room for it
  say(desk.hidden ? "Mixer closed" : "Mixer open");
}

function buildMixer() {
  const shape = JSON.stringify(story.layers);
  if (shape !== deskShape) {
    const held = document.activeElement?.closest?.(".channel") ? document.activeElement : null;
    const [of, label] = [held?.closest(".channel").dataset.of, held?.getAttribute("aria-label")];
    deskShape = shape;
    channels.clear();
    const made = story.mixer.lanes.map((lane) => makeChannel(lane.layer, lane.name));
    part(".channels").replaceChildren(...made, makeChannel("master", "Master"));
    if (of) channels.get(of === "master" ? of : Number(of))?.querySelector(`[aria-label="${label}"]`)?.focus();
  }
  for (const lane of story.mixer.lanes) showChannel(lane);
  const master = channels.get("master");
  master.fader.show(story.mixer.master);
  showMeters();
}

function makeChannel(of, name) {
  const channel = document.createElement("div");
  channel.className = of === "master" ? "channel is-master" : "channel";
  channel.setAttribute("role", "group");
  channel.setAttribute("aria-label", name);
  channel.dataset.of = of;
  channel.meter = makeMeter(of);
  const values = (more) => (of === "master" ? more : { lane: of, ...more });
  const gain = of === "master" ? "master" : "lane_gain";
  channel.number = numberField(name, (value) => act(gain, values({ value })));
  channel.fader = makeSlider(LEVELS, `Level of ${name}`, {
    moved: (value) => { if (document.activeElement !== channel.number) channel.number.value = signed(value); },
    set: (value) => act(gain, values({ value })),
    by: (by) => act(gain, values({ by })),
  });
  const body = piece("channel-body");
  body.append(scaleMarks(), channel.fader, channel.meter);
  channel.peak = piece("channel-peak", "", "span");
  channel.loud = piece("channel-loud", "", "span");
  channel.whole = piece("channel-integrated", "", "span");
  const reads = piece("channel-reads");
  reads.append(piece("what", "Peak", "span"), channel.peak, piece("what", "LUFS", "span"), channel.loud);
  if (of === "master") reads.append(piece("what", "Whole", "span"), channel.whole);
  channel.append(nameOf(of, name), ...(of === "master" ? [piece("channel-whole")] : panOf(channel, of, name)));
  channel.append(body, channel.number, reads, ...(of === "master" ? [] : [buttonsOf(channel, of, name)]));
  channels.set(of, channel);
  return channel;
}

// The name of a lane opens its strip.
function nameOf(of, name) {
  if (of === "master") return piece("channel-name", name, "span");
  const button = piece("channel-name", name, "button");
  button.type = "button";
  button.title = "Its strip: envelope, distance, equaliser, room";
  button.addEventListener("click", () => toggleStrip(of));
  return button;
}

function panOf(channel, of, name) {
  channel.panned = piece("channel-pan", "", "span");
  channel.panner = makeSlider(PANS, `Pan of ${name}`, {
    moved: (value) => { channel.panned.textContent = panWords(value); },
    set: (value) => act("lane_pan", { lane: of, value }),
    by: (by) => act("lane_pan", { lane: of, by }),
  });
  const row = piece("channel-panning");
  row.append(channel.panner, channel.panned);
  return [row];
}

function numberField(name, set) {
  const field = document.createElement("input");
  field.type = "text";
  field.inputMode = "decimal";
  field.setAttribute("aria-label", `Level of ${name} in dB`);
  field.addEventListener("focus", () => field.select());
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") field.blur();
    else if (event.key === "Escape") {
      field.value = field.shown;
      field.blur();
      event.stopPropagation();
    }
  });
  field.addEventListener("focusin", () => { field.shown = field.value; });
  field.addEventListener("blur", () => {
    if (field.value.trim() === field.shown) return;
    newGesture();
    set(field.value.trim().replace("−", "-").replace("+", ""));
  });
  return field;
}

function scaleMarks() {
  const marks = piece("fader-scale");
  marks.setAttribute("aria-hidden", "true");
  for (const level of [12, 0, -6, -12, -24, -48]) {
    const made = piece("mark", String(Math.abs(level)), "span");
    made.style.bottom = `${100 * shareOf(level)}%`;
    marks.append(made);
  }
  return marks;
}

function buttonsOf(channel, of, name) {
  const switches = [
    ["mute", "M", `Mute ${name}`, "Mute: nothing of the lane is heard", (on) => act("lane_mute", { lane: of, on })],
    ["solo", "S", `Solo ${name}`, "Solo: nothing is heard but this and other soloed lanes, in exports too", (on) => act("lane_solo", { lane: of, on })],
  ];
  const row = piece("channel-buttons");
  for (const [key, words, label, title, set] of switches) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = words;
    button.dataset.switch = key;
    button.title = title;
    button.setAttribute("aria-label", label);
    button.addEventListener("click", () => {
      const on = button.getAttribute("aria-pressed") !== "true";
      newGesture();
      set(on);
      say(`${label}: ${on ? "on" : "off"}`);
    });
    channel[key] = button;
    row.append(button);
  }
  const listen = document.createElement("button");
  listen.type = "button";
  listen.textContent = "Listen";
  listen.dataset.switch = "listen";
  listen.title = "Hear this lane by itself from the playhead; the story stays as it is";
  listen.setAttribute("aria-label", `Listen to ${name} alone`);
  listen.addEventListener("click", () => listenToLane(of));
  channel.listen = listen;
  row.append(listen);
  return row;
}

function showChannel(lane) {
  const channel = channels.get(lane.layer);
  if (!channel) return;
  channel.fader.show(lane.gain);
  channel.panner.show(lane.pan);
  channel.mute.setAttribute("aria-pressed", String(lane.muted));
  channel.solo.setAttribute("aria-pressed", String(lane.soloed));
  channel.classList.toggle("is-silent", !lane.heard);
}

function showMeters() {
  if (desk.hidden) return;
  const seconds = position();
  for (const [of, channel] of channels) {
    const readings = readingsOf(of);
    const reading = mix.paused ? null : readingAt(readings, seconds);
    showMeter(channel.meter, reading);
    channel.peak.textContent = reading ? inWords(reading.hold) : "–";
    channel.loud.textContent = reading ? inWords(reading.loud) : "–";
    channel.listen?.setAttribute("aria-pressed", String(hearsOther() && audition.lane === of));
    channel.whole.textContent = readings ? inWords(readings.integrated / 10) : "–";
  }
}

document.addEventListener("studio:position", showMeters);
document.addEventListener("studio:heard", showMeters);
document.addEventListener("studio:drawn", () => { if (!desk.hidden) buildMixer(); });
if (localStorage.getItem("audiostory-mixer")) {
  desk.hidden = false;
  part("[data-mixer]").setAttribute("aria-expanded", "true");
}
