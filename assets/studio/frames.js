// Gradio's clock of a page or a request that is awaited turns with every frame, and goes on when it is
// gone from the page: a page that nobody touches would be drawn anew sixty times a second, for ever. It
// shows tenths of a second, so here it turns ten times a second.

(() => {
  const CLOCK = /^\(\)\s*=>\s*\{[^{}]*performance\.now\(\)[^{}]*1e3[^{}]*\}$/;
  const LONGEST = 200; // characters of it
  const TENTH = 100; // milliseconds
  const inFrame = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (callback) => {
    const text = String(callback);
    if (text.length > LONGEST || !CLOCK.test(text)) return inFrame(callback);
    setTimeout(() => callback(performance.now()), TENTH);
    return 0;
  };
})();
