// Where the browser keeps nothing for this page (site data blocked, a full disk), the page keeps it.

for (const name of ["localStorage", "sessionStorage"]) {
  try {
    window[name].setItem("audiostory-probe", "");
    window[name].removeItem("audiostory-probe");
  } catch {
    const kept = new Map();
    const storage = {
      getItem: (key) => kept.get(String(key)) ?? null,
      setItem: (key, value) => { kept.set(String(key), String(value)); },
      removeItem: (key) => { kept.delete(String(key)); },
      clear: () => kept.clear(),
      key: (place) => [...kept.keys()][place] ?? null,
      get length() { return kept.size; },
    };
    try {
      Object.defineProperty(window, name, { value: storage, configurable: true });
    } catch { /* it cannot be replaced: the page says so by itself */ }
  }
}
