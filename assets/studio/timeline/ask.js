// A field over the timeline that asks for a caption: of a sound that is added, or another one for a
// block. Enter takes it, Escape and leaving it do not.

const asking = part(".ask");
const answer = part(".ask input");
let taken = null;
let askedFrom = null;

function ask(question, words, left, top, take) {
  askedFrom = document.activeElement;
  taken = take;
  part(".ask span").textContent = question;
  asking.hidden = false;
  const box = part(".timeline").getBoundingClientRect();
  const most = Math.max(8, box.width - asking.offsetWidth - 8);
  asking.style.left = `${Math.min(Math.max(8, left - box.left), most)}px`;
  asking.style.top = `${Math.max(8, top - box.top)}px`;
  answer.value = words;
  answer.focus({ preventScroll: true });
  answer.select();
}

function endAsking(back) {
  taken = null;
  asking.hidden = true;
  if (back && askedFrom?.isConnected) askedFrom.focus({ preventScroll: true });
}

asking.addEventListener("submit", (event) => {
  event.preventDefault();
  const words = answer.value.trim();
  const take = taken;
  if (!words) return;
  holding = !marks.contains(askedFrom);
  endAsking(true);
  take?.(words);
});
answer.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  event.preventDefault();
  event.stopPropagation();
  endAsking(true);
});
answer.addEventListener("blur", () => setTimeout(() => {
  if (document.activeElement !== answer) endAsking(false);
}, 0));

function askAtPlayhead(question, take) {
  const sheetBox = sheet.getBoundingClientRect();
  const at = position();
  ask(`${question} at ${at.toFixed(1)} s`, "", sheetBox.left + pixels(at), rows.getBoundingClientRect().top + 8, (text) => take(text, at));
}

function rename(id) {
  const event = eventOf(id);
  const box = blocks.get(id)?.getBoundingClientRect();
  if (!event || !box || event.locked) return;
  ask("What is heard", event.caption, box.left, box.top, (text) => act("caption", { id, text }));
}
