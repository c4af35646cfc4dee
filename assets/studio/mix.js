// Tells the stage where the newest mix can be loaded from.

function tell() {
  const address = element.querySelector("[data-mix]")?.dataset.mix || "";
  document.dispatchEvent(new CustomEvent("studio:mix", { detail: address }));
}

watch("value", tell);
tell();
