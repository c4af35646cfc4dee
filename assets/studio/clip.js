// What the server hands to the browser: text for the clipboard, or a story to open in another tab.

watch("value", () => {
  const { clip, beside } = element.querySelector("data")?.dataset || {};
  if (clip) document.dispatchEvent(new CustomEvent("studio:clip", { detail: clip }));
  if (!beside) return;
  // The new tab takes over what this one remembers of its story at this moment (tab.js).
  const own = sessionStorage.getItem("audiostory-title");
  sessionStorage.setItem("audiostory-title", beside);
  window.open(location.href);
  sessionStorage.setItem("audiostory-title", own);
});
