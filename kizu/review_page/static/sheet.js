// A contact sheet: many samples of one defect type; wrong ones are struck out, the others accepted.

import { thumbnailUrl } from "./api.js";
import { i18n } from "./i18n.js";

const $ = (id) => document.getElementById(id);

/** Return the least width of a tile: few samples are shown larger. */
const tileWidth = (count) => (count <= 12 ? 230 : count <= 24 ? 190 : 148);

export class Sheet {
  /** @param {(sample: object) => void} onOpen told which sample is to be shown alone */
  constructor(onOpen) {
    this.task = null;
    this._onOpen = onOpen;
  }

  /** Show a sheet; what was decided on it before is struck out or not as it was decided. */
  show(task) {
    this.task = task;
    task.struck ??= new Set();
    task.seen ??= new Map(); // number to the decision that is known
    task.others ??= new Map(); // number to who decided on it while the sheet was shown
    this.cursor = 0;
    this.look("outlined");
    $("tiles").style.setProperty("--tile", `${tileWidth(task.samples.length)}px`);
    $("tiles").replaceChildren(...task.samples.map((sample, i) => this._tile(sample, i)));
    this.words();
    $("tiles").querySelector("button")?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }

  words() {
    const { task } = this;
    $("sheet-section").textContent = i18n.t(task.section);
    $("sheet-section").dataset.section = task.section;
    $("sheet-section").title = i18n.t(`${task.section}_hint`);
    $("sheet-question").textContent = i18n.t("sheet_question", { type: task.sheet });
    this._count();
  }

  /** What the person leaves: a decision on every sample that is not decided like that yet. */
  results() {
    return this.task.samples
      .map(({ number, version }) => ({ number, version, verdict: this._verdict(number), ...this._seen(number) }))
      .filter(({ number, verdict }) => this.task.seen.get(number)?.verdict !== verdict);
  }

  /** Show what is stored of a sample, and who decided if somebody else did. */
  note(task, number, decision, other = "") {
    task.seen.set(number, decision);
    if (decision.verdict === "reject") task.struck.add(number);
    else task.struck.delete(number);
    if (other) task.others.set(number, other);
    else task.others.delete(number);
  }

  strike(i = this.cursor) {
    const { number } = this.task.samples[i];
    const { struck } = this.task;
    struck.has(number) ? struck.delete(number) : struck.add(number);
    this.cursor = i;
    this._mark(i);
    this._count();
  }

  move(across, down) {
    const tiles = this._buttons();
    const columns = tiles.filter((tile) => tile.offsetTop === tiles[0].offsetTop).length;
    const to = this.cursor + across + down * columns;
    if (to < 0 || to >= tiles.length) return;
    this.cursor = to;
    tiles[to].focus();
  }

  open() { this._onOpen(this.task.samples[this.cursor]); }

  /** Show another picture of all samples while a key is held: "normal", "published", "outlined". */
  look(picture) {
    $("tiles").dataset.look = picture;
  }

  _verdict(number) { return this.task.struck.has(number) ? "reject" : "accept"; }
  _seen(number) { return { seen: this.task.seen.get(number)?.key ?? "" }; }
  _buttons() { return [...$("tiles").querySelectorAll("button")]; }

  _tile(sample, i) {
    const item = document.createElement("li");
    const tile = Object.assign(document.createElement("button"), { type: "button", className: "tile" });
    const image = Object.assign(document.createElement("img"), { alt: "", src: thumbnailUrl(sample) });
    tile.append(image);
    tile.setAttribute("aria-label", `${this.task.sheet} ${i + 1}`);
    tile.addEventListener("click", () => this.strike(i));
    tile.addEventListener("focus", () => { this.cursor = i; });
    item.append(tile);
    this._markTile(tile, sample.number);
    return item;
  }

  _mark(i) { this._markTile(this._buttons()[i], this.task.samples[i].number); }

  _markTile(tile, number) {
    const struck = this.task.struck.has(number);
    tile.setAttribute("aria-pressed", struck);
    const who = this.task.others.get(number);
    const by = who ? i18n.t("decided_by", { who }) : "";
    tile.dataset.by = by;
    tile.title = [struck ? i18n.t("struck") : "", by].filter(Boolean).join(" · ");
  }

  _count() {
    const no = this.task.struck.size;
    const yes = this.task.samples.length - no;
    $("sheet-count").textContent = i18n.t("accept_others", { yes, no });
  }
}
