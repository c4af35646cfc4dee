// Edits go to the server one after another, in the order in which they were made: requests that are
// under way together may overtake each other, and so may the answers that show what they led to.

const studioEdits = (() => {
  const LONGEST = 30_000; // milliseconds that an answer is waited for: what is lost holds nothing up for ever
  let last = Promise.resolve();
  let waiting = 0;
  let finish = () => {};

  // Settles when all before it have been answered; `over` ends it.
  function turn() {
    const before = last;
    let end;
    const mine = new Promise((resolve) => { end = resolve; });
    last = mine;
    waiting += 1;
    mine.then(() => { waiting -= 1; });
    const begun = before.then(() => {
      const timer = setTimeout(end, LONGEST);
      finish = () => {
        clearTimeout(timer);
        end();
      };
    });
    return Object.assign(begun, { isLast: () => last === mine });
  }

  // The table's rows, with the number of the view that they were shown in: by their turn the page may
  // show another one.
  function rows(given) {
    const view = Number(document.querySelector(".timeline")?.dataset.view) || null;
    return turn().then(() => [given, view]);
  }

  return { turn, rows, over: () => finish(), settled: () => last, isFree: () => !waiting };
})();
