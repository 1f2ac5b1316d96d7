// The page's language, English or Japanese: the browser's, until the reader chooses.

const browserLanguage = () => (navigator.language.startsWith("ja") ? "ja" : "en");

/** Return what this browser was last told to speak; some keep nothing for files of the disk. */
function rememberedLanguage() {
  try { return localStorage.getItem("kizu-language"); } catch { return null; }
}

export const i18n = {
  words: { en: {}, ja: {} }, // of the page, by key
  language: rememberedLanguage() || browserLanguage(),

  /** Return the words of a key, {names} replaced. */
  t(key, values = {}) {
    const words = this.words[this.language][key] ?? key;
    return words.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
  },

  /** Change to the other language and remember it. */
  toggle() {
    this.speak(this.language === "en" ? "ja" : "en");
  },

  /** Speak a language from now on, and remember it. */
  speak(language) {
    this.language = language;
    try { localStorage.setItem("kizu-language", language); } catch { /* it is forgotten */ }
    this.apply();
  },

  /** Put the words into the page. */
  apply() {
    document.documentElement.lang = this.language;
    for (const node of document.querySelectorAll("[data-t]")) node.textContent = this.t(node.dataset.t);
    for (const node of document.querySelectorAll("[data-t-label]")) {
      node.setAttribute("aria-label", this.t(node.dataset.tLabel));
      if (node.tagName === "BUTTON") node.title = this.t(node.dataset.tLabel);
    }
  },
};
