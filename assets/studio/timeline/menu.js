// The menu of a block, or of an empty place in the lanes.

const menu = part(".event-menu");
let openedFrom = null;

const onEvents = () => [
  ["Rename", "F2", () => rename(story.selected), chosen.size > 1],
  ["Split at the playhead", "S", actions.split],
  ["Repeat", "D", actions.duplicate],
  ["Copy", "Ctrl C", copy],
  ["Cut", "Ctrl X", cut],
  ["Paste at the playhead", "Ctrl V", () => paste()],
  ["Group", "Ctrl G", actions.group, chosen.size < 2],
  ["Dissolve the group", "Ctrl Shift G", actions.ungroup, !selected()?.group],
  ["Louder by 1 dB", "Alt ↑", () => louder(1)],
  ["Softer by 1 dB", "Alt ↓", () => louder(-1)],
  [selected()?.layer ? "Settle into the story" : "Lift to a layer above", "", actions.lift, chosen.size > 1],
  [selected()?.locked ? "Unlock" : "Lock", "L", actions.lock],
  ["Strip: envelopes, tone, room", "E", () => toggleStrip(), stripOpen() && laneOpen() === null],
  ["Duck it under the spots", "", duck, selected()?.role !== "bed" || selected()?.locked],
  ["Take its gain envelope off", "", clearGain, !selected()?.curves.gain.length || selected()?.locked],
  ["Let it approach", "", () => moveMacro("approach"), selected()?.locked],
  ["Let it recede", "", () => moveMacro("recede"), selected()?.locked],
  ["Play from here", "Enter", () => playFrom(selected().start)],
  ["Zoom to it", "Z", zoomToSelection],
  ["Delete", "Del", actions.delete],
];
const onLane = (layer) => [
  ["Play from here", "", () => playFrom(position())],
  ["Strip of this lane", "", () => toggleStrip(layer), layer === undefined],
  ["Listen to this lane alone", "", () => listenToLane(layer), layer === undefined],
  ["Add a sound here", "N", actions.add],
  ["Lay a sound over", "O", actions.over],
  ["Paste here", "Ctrl V", () => paste()],
  ["Set a marker here", "M", setMark],
  ["Select all", "Ctrl A", () => selectAll(story.events.map(({ id }) => id))],
  ["Show the whole story", "0", () => zoomTo(1)],
];

function openMenu(items, clientX, clientY) {
  openedFrom = document.activeElement;
  menu.replaceChildren(...items.filter(([, , , off]) => !off).map(([name, key, run]) => {
    const item = document.createElement("button");
    item.type = "button";
    item.setAttribute("role", "menuitem");
    item.tabIndex = -1;
    const hint = document.createElement("kbd");
    hint.textContent = key;
    item.append(name, hint);
    item.addEventListener("click", () => {
      closeMenu();
      run();
    });
    return item;
  }));
  menu.hidden = false;
  const left = Math.min(clientX, innerWidth - menu.offsetWidth - 8);
  const top = Math.min(clientY, innerHeight - menu.offsetHeight - 8);
  Object.assign(menu.style, { left: `${Math.max(8, left)}px`, top: `${Math.max(8, top)}px` });
  menu.firstChild?.focus();
}

function closeMenu() {
  if (menu.hidden) return;
  menu.hidden = true;
  if (menu.contains(document.activeElement) || document.activeElement === document.body) {
    openedFrom?.focus({ preventScroll: true });
  }
}

scroller.addEventListener("contextmenu", (event) => {
  const block = event.target.closest(".event-block");
  const flag = event.target.closest(".mark");
  event.preventDefault();
  if (block && !chosen.has(block.dataset.id)) select(block.dataset.id);
  const box = (block || flag || event.target).getBoundingClientRect();
  const [x, y] = event.clientX || event.clientY ? [event.clientX, event.clientY] : [box.left + 8, box.bottom];
  if (flag) return openMenu(onMark(Number(flag.dataset.at)), x, y);
  if (!block && event.clientX) seek(secondsAt(event.clientX));
  const lane = event.target.closest(".lane")?.dataset.layer;
  openMenu(block ? onEvents() : onLane(lane === undefined ? lane : Number(lane)), x, y);
});
menu.addEventListener("keydown", (event) => {
  const items = [...menu.children];
  const at = items.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
  if (to !== undefined) items[(to + items.length) % items.length].focus();
  else if (event.key === "Escape" || event.key === "Tab") closeMenu();
  else if (event.key !== "Enter" && event.key !== " ") return;
  event.stopPropagation();
  if (event.key !== "Enter" && event.key !== " ") event.preventDefault();
});
document.addEventListener("pointerdown", ({ target }) => { if (!menu.contains(target)) closeMenu(); }, true);
addEventListener("blur", closeMenu);
