// Copy, cut and paste, also into another story: as text on the clipboard, and in this browser, where
// a page may not read the clipboard.

const CLIP = "audiostory-clip";
const CLIP_PIECE = 50_000; // characters; the server takes none of more than twice as many

function copy(name = "copy") {
  trigger(name, { ids: chosen.size ? [...chosen] : [story.selected] });
  say(`${chosen.size || 1} ${chosen.size > 1 ? "events" : "event"} copied`);
}

function cut() {
  copy();
  act("delete");
}

document.addEventListener("studio:clip", ({ detail }) => {
  try {
    localStorage.setItem(CLIP, detail);
  } catch { /* too much for the browser: the clipboard has it */ }
  navigator.clipboard?.writeText(detail).catch(() => {});
});

function paste(text = localStorage.getItem(CLIP) || "") {
  const clip = [];
  for (let at = 0; at < text.length; at += CLIP_PIECE) clip.push(text.slice(at, at + CLIP_PIECE));
  acted = "paste";
  trigger("paste", { clip, at: position(), ripple });
}

document.addEventListener("paste", (event) => {
  if (!story.events.length || !actsOnStory(event.composedPath()[0], event.target)) return;
  const text = event.clipboardData?.getData("text/plain") || "";
  event.preventDefault();
  paste(text.includes('"audiostory"') ? text : undefined);
});
