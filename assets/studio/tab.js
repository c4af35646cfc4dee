// What the browser remembers, with the story that this tab showed last: a reload in one of two tabs
// shows its own. timeline/lanes.js keeps it.
(memory) => ({ ...memory, title: sessionStorage.getItem("audiostory-title") ?? memory?.title ?? "" })
