// Tells the player where the newest mix can be loaded from.

function announce() {
  const found = element.querySelector("[data-mix]")?.dataset;
  document.dispatchEvent(new CustomEvent("studio:mixed", { detail: Number(found?.revision ?? -1) }));
  document.dispatchEvent(new CustomEvent("studio:mix", { detail: found?.mix || "" }));
}

// Of mixes that follow at once only the last is loaded: those before it are gone by then.
const SETTLING = 300; // ms
let settling = 0;
watch("value", () => {
  clearTimeout(settling);
  settling = setTimeout(announce, SETTLING);
});
announce();

// A tab's sounds are removed when its connection breaks: load them when it is back, or misses one.
const reloadSounds = () => { if (!document.hidden) trigger("back"); };
document.addEventListener("visibilitychange", reloadSounds);
document.addEventListener("studio:missed", reloadSounds);
addEventListener("online", reloadSounds);
