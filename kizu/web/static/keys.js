// Keys: each table says what a key does and what the help calls it.

const isTyping = (target) => target.closest?.("input:not([type=checkbox], [type=range]), textarea, select");

/** Tell whether a key moves the slider that has the focus. */
const slides = (event) => event.key.startsWith("Arrow") && event.target.matches?.("input[type=range]");

/** Return a key's name whatever the input method: a Japanese one reports only the physical key. */
function nameOf(event) {
  const letter = /^Key([A-Z])$/.exec(event.code);
  if (event.key === "Process" && letter) return letter[1].toLowerCase();
  if (event.key === " ") return "Space";
  return event.key.length === 1 ? event.key.toLowerCase() : event.key;
}

const combined = (event) =>
  (event.ctrlKey || event.metaKey ? "Mod+" : "") +
  (event.shiftKey && event.key.length > 1 || (event.ctrlKey || event.metaKey) && event.shiftKey ? "Shift+" : "") +
  nameOf(event);

/**
 * Listen to keys.
 * @param {() => object[]} tables the rows that count now: { keys, run, hold, release, label }
 * @param {{ inDialogs?: boolean }} options whether they count while a dialog is open
 */
export function listenToKeys(tables, { inDialogs = false } = {}) {
  const held = new Map();
  const find = (name) => tables().find((row) => row.keys.includes(name));

  window.addEventListener("keydown", (event) => {
    if ((!inDialogs && document.querySelector("dialog[open]")) || event.altKey) return;
    if (isTyping(event.target)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const row = find(combined(event));
    if (!row || slides(event)) return;
    event.preventDefault();
    if (row.release) {
      if (held.has(event.code)) return;
      held.set(event.code, row);
      row.run();
    } else if (!event.repeat || row.repeats) {
      row.run();
    }
  });

  const letGo = (code) => {
    held.get(code)?.release();
    held.delete(code);
  };
  window.addEventListener("keyup", (event) => letGo(event.code));
  window.addEventListener("blur", () => [...held.keys()].forEach(letGo));
}
