// Tells the stage where the newest mix can be loaded from.

function tell() {
  const address = element.querySelector("[data-mix]")?.dataset.mix || "";
  document.dispatchEvent(new CustomEvent("studio:mix", { detail: address }));
}

watch("value", tell);
tell();

// A tab's sounds go when its connection breaks: ask for them when it is back, or misses one.
const ask = () => { if (!document.hidden) trigger("back"); };
document.addEventListener("visibilitychange", ask);
document.addEventListener("studio:missed", ask);
addEventListener("online", ask);
