// One sample at full size: its own files under one zoom, with exact outlines and the evidence.

import { i18n } from "./i18n.js";
import { listenToGestures } from "./gestures.js";
import { headOf, metricList, panelWords } from "./grid.js";
import { fillOf, maskOfRuns, outlineOf } from "./masks.js";
import {
  explanationOf, filmOf, linksOf, loadEvidence, panelsOf, picturesOf, rowsOf, sizeOf, valueOf,
} from "./samples.js";
import { View } from "./view.js";

const LABEL_COLOUR = "#46e1ff";
const FOUND_COLOURS = ["#ffaa32", "#f078dc", "#96eb5a", "#ff6e5a", "#aaa0ff", "#faf06e"]; // as in the films
const BLINK_MS = 700;
const CALM = matchMedia("(prefers-reduced-motion: reduce)");
const NARROW = matchMedia("(max-width: 700px)");
const $ = (id) => document.getElementById(id);
const make = (tag, className = "", text = "") => Object.assign(document.createElement(tag), { className, textContent: text });

/** Load a picture, decoded and ready to be drawn; null where it is not there. */
async function picture(address) {
  if (!address) return null;
  const image = new Image();
  image.src = address;
  try {
    await image.decode();
    return image;
  } catch {
    return null;
  }
}

/** Return the outline of boxes as one path. */
function boxesPath(boxes) {
  const path = new Path2D();
  for (const [x0, y0, x1, y1] of boxes) path.rect(x0, y0, x1 - x0, y1 - y0);
  return path;
}

export class FullSize {
  /** @param {(by: number) => void} step goes to another sample */
  constructor(step) {
    this.dialog = $("viewer");
    this.view = new View($("canvas"));
    this.view.sideBySide = !NARROW.matches;
    this.at = -1;
    this.timer = 0;
    this.hidden = new Set(); // layers that the reader has turned off, by number
    this.view.onZoom = (scale) => { $("zoom-level").value = `${Math.round(scale * 100)} %`; };
    listenToGestures($("canvas"), this.view);
    this.acts = {
      previous: () => step(-1), next: () => step(1), close: () => this.dialog.close(),
      zoom_in: () => this.view.zoom(1), zoom_out: () => this.view.zoom(-1),
      fit: () => this.view.fit(), real: () => this.view.real(),
      side: () => this.setSide(!this.view.sideBySide), blink: () => this.setBlink(!this.timer),
      heat: () => this.setHeat(!this.view.showsHeat),
    };
    this.dialog.addEventListener("click", ({ target }) => this.acts[target.closest("[data-act]")?.dataset.act]?.());
    this.dialog.addEventListener("close", () => this.setBlink(false));
  }

  get isOpen() { return this.dialog.open; }

  /** Show a sample; `place` says which of how many it is. */
  async show(at, place) {
    this.at = at;
    if (!this.isOpen) {
      this.dialog.showModal();
      this.dialog.focus();
    }
    $("viewer-place").textContent = place;
    this.card = null;
    this.words();
    $("viewer-note").hidden = true;
    const { normal, published } = picturesOf(at);
    const [card, ...pictures] = await Promise.all([loadEvidence(at), picture(normal), picture(published)]);
    if (this.at !== at) return;
    this.card = card;
    const shown = { normal: pictures[0], published: pictures[1], heat: null, overlay: null };
    const isHere = Boolean(shown.published);
    const small = !isHere || shown.published.naturalWidth < sizeOf(at)[0];
    if (!shown.published) Object.assign(shown, await this._fromFilm(at));
    if (card?.evidence.heat) shown.overlay = await picture(`data:image/webp;base64,${card.evidence.heat}`);
    if (this.at !== at) return;
    this._layers(card);
    this.view.show(sizeOf(at), shown);
    $("viewer-note").textContent = i18n.t(isHere ? "smaller_here" : "small_only");
    $("viewer-note").hidden = !small;
    this.words();
    this.dialog.dataset.shown = at;
  }

  /** Cut the small pictures out of the film, for pages that were moved away from the others. */
  async _fromFilm(at) {
    const film = await picture(filmOf(at));
    if (!film) return {};
    const panels = panelsOf(at);
    const [width, height] = [film.naturalWidth / panels.length, film.naturalHeight / rowsOf(at)];
    const cut = (name) => {
      const place = panels.indexOf(name);
      return place < 0 ? null : createImageBitmap(film, place * width, 0, width, height);
    };
    const [normal, published] = await Promise.all([cut("normal"), cut("edited")]);
    return { normal, published };
  }

  _layers(card) {
    const [width, height] = sizeOf(this.at);
    const layer = (runs, colour, dashed) => {
      if (!runs) return { outline: null, fill: null, colour, dashed };
      const mask = maskOfRuns(runs, width, height);
      const outline = outlineOf(mask, width, height);
      return { outline, fill: outline ? null : fillOf(mask, width, height, colour), colour, dashed };
    };
    const { label, found } = card?.evidence ?? { label: null, found: [] };
    const layers = [{ ...layer(label, LABEL_COLOUR, false), name: "" }];
    found.forEach(({ mask, boxes }, number) => {
      const colour = FOUND_COLOURS[number % FOUND_COLOURS.length];
      const shape = layer(mask, colour, false);
      const outline = boxes.length && !mask ? boxesPath(boxes) : shape.outline;
      layers.push({ ...shape, outline, dashed: !mask, name: card.words.found[number].annotator });
    });
    this.view.layers = layers.map((one, number) => ({ ...one, visible: !this.hidden.has(number) }));
  }

  setSide(on) {
    this.view.setSideBySide(on);
    if (on) this.setBlink(false);
    this.words();
  }

  setHeat(on) {
    this.view.showsHeat = on;
    this.view.draw();
    this.words();
  }

  /** Let normal and published take turns in one pane; who wants no motion turns them by the key. */
  setBlink(on) {
    clearInterval(this.timer);
    this.timer = 0;
    this.view.showsNormal = false;
    if (on && this.view.sideBySide) this.view.setSideBySide(false);
    if (on) {
      this.view.showsNormal = true;
      this.timer = CALM.matches ? -1 : setInterval(() => this.turn(!this.view.showsNormal), BLINK_MS);
    }
    this.view.draw();
    this.words();
  }

  /** Show the normal picture, or the published one again. */
  turn(normal) {
    if (!this.view.pictures.normal) return;
    this.view.showsNormal = normal;
    this.view.draw();
    this._paneWords();
  }

  toggleLayer(number) {
    const layer = this.view.layers[number];
    if (!layer) return;
    layer.visible = !layer.visible;
    this.hidden[layer.visible ? "delete" : "add"](number);
    this.view.draw();
    this._layerWords();
  }

  toggleOutlines() {
    this.view.hidesOutlines = !this.view.hidesOutlines;
    this.view.draw();
  }

  /** Put everything that is said of the sample into the page, in its language. */
  words() {
    if (this.at < 0) return;
    $("viewer-head").replaceChildren(...headOf(this.at));
    $("viewer-head").querySelector("h3").id = "viewer-name";
    this._paneWords();
    this._layerWords();
    this._links();
    const press = (act, on, isThere = true) => {
      const button = this.dialog.querySelector(`[data-act=${act}]`);
      button.setAttribute("aria-pressed", on);
      button.disabled = !isThere;
      button.textContent = i18n.t({ side: "side_by_side", heat: "heat_picture" }[act] ?? act);
    };
    const { pictures } = this.view;
    press("side", this.view.sideBySide, Boolean(pictures.normal));
    press("blink", Boolean(this.timer), Boolean(pictures.normal));
    press("heat", this.view.showsHeat, Boolean(pictures.overlay));
    this.dialog.querySelector("[data-act=fit]").textContent = i18n.t("fit");
    this.dialog.dataset.layer = this.view.showsHeat ? "heat" : "outlined";
    $("viewer-words").replaceChildren(...this._said());
  }

  _paneWords() {
    const two = this.view.panes > 1;
    $("pane-one").textContent = panelWords(two || this.view.showsNormal ? "normal" : "edited");
    $("pane-two").hidden = !two;
    $("pane-two").textContent = panelWords("edited");
    $("stage").classList.toggle("two", two);
    const normal = this.view.showsNormal ? "normal" : "edited";
    this.dialog.dataset.pane = two ? "both" : normal;
  }

  _layerWords() {
    $("layers").replaceChildren(...this.view.layers.map((layer, number) => {
      const row = make("label", "layer");
      const box = Object.assign(make("input"), { type: "checkbox", checked: layer.visible });
      box.addEventListener("change", () => this.toggleLayer(number));
      const swatch = make("i", "line");
      swatch.style.background = layer.colour;
      row.append(box, swatch, number ? layer.name : i18n.t("label"));
      return row;
    }));
  }

  _links() {
    $("links").replaceChildren(...linksOf(this.at).map(([name, address]) => {
      const link = make("a", "", i18n.t(name));
      Object.assign(link, { href: address, target: "_blank", rel: "noopener" });
      return link;
    }));
  }

  _said() {
    const said = [make("p", "explanation", explanationOf(this.at)), make("p", "prompt", valueOf("prompt", this.at))];
    const told = this.card?.words;
    if (!told) return said;
    const [width, height] = sizeOf(this.at);
    said.push(make("p", "prompt", [told.photo, `${width} × ${height} px`].filter(Boolean).join(" · ")));
    said.push(metricList(Object.entries(told.metrics)));
    told.found.forEach((found, number) => {
      const row = make("div", "found");
      const line = make("p");
      const swatch = make("i", "line");
      swatch.style.background = FOUND_COLOURS[number % FOUND_COLOURS.length];
      line.append(swatch, ` ${found.annotator}`);
      if (found.labels.length) line.append(` · ${i18n.t("phrases")}: ${found.labels.join(", ")}`);
      row.append(line);
      if (told.found.length > 1) row.append(metricList(Object.entries(found.metrics)));
      said.push(row);
    });
    return said;
  }
}
