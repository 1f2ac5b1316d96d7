// One sample: its pictures at full size, what is said of it, and the mask that can be drawn anew.

import { getPicture, postClicks } from "./api.js";
import { MaskEditor } from "./editor.js";
import { i18n } from "./i18n.js";
import { area, fillOf, intersection, isEmpty, isEqual, maskOfRuns, outlineOf, runsOfMask, union } from "./masks.js";
import { View } from "./view.js";

const LABEL_COLOUR = "#46e1ff";
const WITNESS_COLOURS = ["#ffaa32", "#f078dc", "#96eb5a", "#ff6e5a", "#aaa0ff", "#faf06e"]; // as in the report
const DRAG_PX = 4; // of the screen; a click that moves less is a click
const $ = (id) => document.getElementById(id);

const draftKey = (sample) => `${sample.number}@${sample.version}`;

export class Single {
  constructor() {
    this.view = new View($("canvas"));
    this.tool = "hand";
    this.diameter = 5;
    this.sample = null;
    this._clicks = null; // { points, step, base } of the object being marked
    this._pointers = new Map();
    this._gesture = "";
    this._pane = 0; // where the gesture began; it stays there
    this._drafts = new Map(); // of other samples: { editor, note, stored }, by number and version
    this._isSpaceHeld = false;
    this.view.onZoom = (scale) => { $("zoom-level").value = `${Math.round(scale * 100)} %`; };
    this._listen();
    this.setTool("hand");
  }

  /** Show a sample that was loaded, with what was drawn and noted on it and not stored. */
  show(task, sample, loaded) {
    this._letGo();
    this._keepDraft();
    const { detail, pictures, label, witnesses } = loaded;
    const [height, width] = detail.size;
    this.task = task;
    this.sample = sample;
    $("single").dataset.number = sample.number;
    this.loaded = loaded;
    const draft = this._takeDraft();
    const drawn = detail.decision?.mask;
    const mask = drawn ? maskOfRuns(drawn, width, height) : label;
    this.editor = draft?.editor ?? new MaskEditor(width, height, label, mask, LABEL_COLOUR);
    this._clicks = null;
    this._source = 0;
    this._sources = this._otherMasks(label, witnesses, detail);
    this.view.showsNormal = this.view.hidesOutlines = false;
    this.view.cursor = null;
    this.view.marks = [];
    this._layers(witnesses, width, height);
    $("note").value = draft?.note ?? detail.decision?.note ?? "";
    if (draft) this._stored = draft.stored;
    else this.markStored();
    this.view.show([width, height], pictures);
    if (this.view.showsHeat) this._loadHeat();
    this._maskChanged();
    this.words();
  }

  get isDrawing() { return Boolean(this.editor?.isDrawing); }

  /** Whether something is drawn or noted, on this sample or another, that is not stored. */
  get hasDrafts() { return this._isDraft() || this._drafts.size > 0; }

  /** What is drawn and noted now is stored, or was there from the start. */
  markStored() { this._stored = { step: this.editor.done.at(-1), note: $("note").value }; }

  _isDraft() {
    if (!this.editor) return false;
    return this.editor.done.at(-1) !== this._stored.step || $("note").value !== this._stored.note;
  }

  _keepDraft() {
    if (!this._isDraft()) return;
    const draft = { editor: this.editor, note: $("note").value, stored: this._stored };
    this._drafts.set(draftKey(this.sample), draft);
  }

  _takeDraft() {
    const draft = this._drafts.get(draftKey(this.sample));
    this._drafts.delete(draftKey(this.sample));
    return draft;
  }

  /** What the person leaves: the mask only where it is not the published one. */
  result(verdict) {
    const { editor, sample } = this;
    const mask = verdict === "accept" && editor.isChanged;
    return {
      number: sample.number,
      version: sample.version,
      verdict,
      note: $("note").value.trim(),
      mask: mask ? runsOfMask(editor.mask, editor.width, editor.height) : null,
      seen: this.loaded.detail.decision?.key ?? "",
    };
  }

  /** Put everything that is said of the sample into the page, in its language. */
  words() {
    const { detail } = this.loaded;
    const { language } = i18n;
    const section = detail.section || "chosen";
    $("section").textContent = i18n.t(section);
    $("section").dataset.section = section;
    $("section").title = i18n.t(`${section}_hint`);
    $("question").textContent = i18n.t("question", { type: detail.defect_type });
    $("prompt").textContent = detail.prompt;
    $("rule").textContent = `${i18n.t(`rule_${detail.verdict}`)}: ${detail.reason[language]}`;
    $("rule").title = detail.explanation[language];
    this.showDecision();
    this._layerWords();
    this._pictureWords();
    this._maskWords();
  }

  showDecision() {
    const { decision } = this.loaded.detail;
    $("decided").hidden = !decision;
    if (!decision) return;
    const when = new Date(decision.reviewed_at).toLocaleString(i18n.language);
    const values = { who: decision.reviewed_by, when };
    $("decided").textContent =
      `${i18n.t(`decided_${decision.verdict}`, values)} ${i18n.t("decided_again")}`;
  }

  blink(on) {
    this.view.showsNormal = on && Boolean(this.view.pictures.normal);
    this._pictureWords();
    this.view.draw();
  }

  hide(on) {
    this.view.hidesOutlines = on;
    this.view.draw();
  }

  toggleHeat() {
    $("heat").checked = this.view.showsHeat = !this.view.showsHeat;
    if (this.view.showsHeat) this._loadHeat();
    this._pictureWords();
    this.view.draw();
  }

  toggleSideBySide() {
    this.view.setSideBySide(!this.view.sideBySide);
    $("side-by-side").setAttribute("aria-pressed", this.view.sideBySide);
    this._pictureWords();
  }

  toggleLayer(number) {
    const layer = this.view.layers[number];
    if (!layer) return;
    layer.visible = layer.box.checked = !layer.visible;
    this.view.draw();
  }

  setTool(tool) {
    if (tool === "click" && $("tool-click").hidden) return;
    if (tool === "click" && this.tool === "click") this._endObject();
    if (tool !== "click") this._endObject();
    this.tool = tool;
    for (const name of ["hand", "brush", "eraser", "click"]) {
      $(`tool-${name}`).setAttribute("aria-checked", name === tool);
      $(`tool-${name}`).tabIndex = name === tool ? 0 : -1;
    }
    this.view.cursor = null;
    this._cursorStyle();
    this._maskWords();
    this.view.draw();
  }

  setDiameter(diameter) {
    this.diameter = Math.min(Math.max(Math.round(diameter), 1), 64);
    $("size").value = this.diameter;
    $("size-px").value = `${this.diameter} px`;
    if (this.view.cursor) this.view.cursor.diameter = this.diameter;
    this.view.draw();
  }

  resize(steps) { this.setDiameter(this.diameter + steps * Math.max(1, Math.floor(this.diameter / 8))); }

  holdSpace(on) {
    this._isSpaceHeld = on;
    this._cursorStyle();
  }

  undoStroke() { this._endObject(); this.editor.undo(); this._maskChanged(); }
  redoStroke() { this._endObject(); this.editor.redo(); this._maskChanged(); }
  clearMask() { this._endObject(); this.editor.replace(new Uint8Array(this.editor.mask.length)); this._maskChanged(); }

  /** Take the next of the masks there are: the label, each annotator's, and both together. */
  otherMask() {
    this._endObject();
    this._source = (this._source + 1) % this._sources.length;
    this.editor.replace(this._sources[this._source].mask);
    this._maskChanged();
  }

  setSegmenter(name) { $("tool-click").hidden = !name; }

  _otherMasks(label, witnesses, detail) {
    const sources = [{ name: () => i18n.t("source_published"), mask: label }];
    witnesses.forEach((mask, i) => {
      const { name } = detail.witnesses[i];
      if (isEmpty(mask)) return;
      sources.push({ name: () => name, mask });
      if (isEmpty(label)) return;
      sources.push({ name: () => i18n.t("source_intersection", { name }), mask: intersection(label, mask) });
      sources.push({ name: () => i18n.t("source_union", { name }), mask: union(label, mask) });
    });
    return sources.filter(({ mask }, i) => i === 0 || !isEmpty(mask));
  }

  _layers(witnesses, width, height) {
    const before = this.view.layers;
    const isVisible = (i) => before[i]?.visible ?? true;
    const label = { fill: this.editor.canvas, colour: LABEL_COLOUR, dashed: false };
    const others = witnesses.map((mask, i) => {
      const colour = WITNESS_COLOURS[i % WITNESS_COLOURS.length];
      const outline = outlineOf(mask, width, height);
      const fill = outline ? null : fillOf(mask, width, height, colour);
      return { outline, fill, colour, dashed: true };
    });
    this.view.layers = [label, ...others].map((layer, i) => ({ ...layer, visible: isVisible(i) }));
  }

  _layerWords() {
    const names = [i18n.t("label"), ...this.loaded.detail.witnesses.map((one) => one.name)];
    const counts = ["", ...this.loaded.detail.witnesses.map((one) => ` (${one.confidence.length})`)];
    $("layers").replaceChildren(...this.view.layers.map((layer, i) => {
      const row = document.createElement("label");
      row.className = "layer";
      layer.box = Object.assign(document.createElement("input"), { type: "checkbox", checked: layer.visible });
      layer.box.addEventListener("change", () => { layer.visible = layer.box.checked; this.view.draw(); });
      const swatch = document.createElement("i");
      swatch.className = `swatch layer-${i % (WITNESS_COLOURS.length + 1)}`;
      const name = Object.assign(document.createElement("span"), { textContent: names[i] + counts[i] });
      const key = Object.assign(document.createElement("kbd"), { textContent: `${i + 1}` });
      row.append(layer.box, swatch, name, key);
      return row;
    }));
  }

  _pictureWords() {
    const hasNormal = Boolean(this.view.pictures.normal);
    const heat = this.view.showsHeat && this.view.pictures.heat;
    const edited = heat ? "heat_shown" : hasNormal ? "edited" : "edited_only";
    const two = this.view.panes > 1;
    $("shown-picture").textContent = i18n.t(two || this.view.showsNormal ? "normal" : edited);
    $("shown-picture-2").hidden = !two;
    $("shown-picture-2").textContent = i18n.t(this.view.showsNormal ? "normal" : edited);
    $("stage").classList.toggle("two", two);
    $("blink").disabled = $("side-by-side").disabled = !hasNormal;
  }

  _maskWords() {
    if (!this.editor) return;
    const px = area(this.editor.mask).toLocaleString(i18n.language);
    const source = this._sources[this._source];
    const isSource = this._source > 0 && isEqual(source.mask, this.editor.mask);
    const { isChanged } = this.editor;
    const key = !isChanged ? "mask_published" : isSource ? "mask_other" : "mask_drawn";
    const told = i18n.t(key, { px, name: isSource ? source.name() : "" });
    $("mask-state").textContent = this.tool === "click" ? `${told}. ${i18n.t("clicked")}` : told;
    $("mask-state").classList.toggle("changed", isChanged);
    $("undo-stroke").disabled = !this.editor.done.length;
    $("redo-stroke").disabled = !this.editor.undone.length;
    $("other-mask").disabled = this._sources.length < 2;
  }

  _maskChanged() {
    const { editor } = this;
    this.view.layers[0].outline = outlineOf(editor.mask, editor.width, editor.height);
    this._maskWords();
    this.view.draw();
  }

  async _loadHeat() {
    const { sample, loaded } = this;
    if (!loaded.detail.has_normal) return;
    loaded.pictures.heat ??= await getPicture(sample, "heat").catch(() => null);
    if (this.sample !== sample) return;
    this._pictureWords();
    this.view.draw();
  }

  _cursorStyle() {
    const moves = this.tool === "hand" || this._isSpaceHeld;
    $("canvas").dataset.cursor = moves ? "grab" : this.tool === "click" ? "crosshair" : "none";
  }

  _listen() {
    const canvas = $("canvas");
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.view.wheel(event);
    }, { passive: false });
    canvas.addEventListener("pointerdown", (event) => this._down(event));
    canvas.addEventListener("pointermove", (event) => this._move(event));
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, (event) => this._up(event));
    }
    canvas.addEventListener("pointerleave", () => { this.view.cursor = null; this.view.draw(); });
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    for (const tool of ["hand", "brush", "eraser", "click"]) {
      $(`tool-${tool}`).addEventListener("click", () => this.setTool(tool));
    }
    $("size").addEventListener("input", () => this.setDiameter(Number($("size").value)));
    this.setDiameter(this.diameter);
    $("opacity").addEventListener("input", () => {
      this.view.opacity = Number($("opacity").value) / 100;
      this.view.draw();
    });
    $("heat").addEventListener("change", () => this.toggleHeat());
    const clicks = {
      "zoom-in": () => this.view.zoom(1), "zoom-out": () => this.view.zoom(-1),
      "zoom-fit": () => this.view.fit(), "zoom-real": () => this.view.real(),
      "side-by-side": () => this.toggleSideBySide(),
      "undo-stroke": () => this.undoStroke(), "redo-stroke": () => this.redoStroke(),
      "other-mask": () => this.otherMask(), "clear-mask": () => this.clearMask(),
    };
    for (const [id, run] of Object.entries(clicks)) $(id).addEventListener("click", run);
    $("blink").addEventListener("pointerdown", () => this.blink(true));
    for (const end of ["pointerup", "pointerleave", "pointercancel"]) {
      $("blink").addEventListener(end, () => this.blink(false));
    }
  }

  _down(event) {
    if (!this.editor) return;
    const canvas = $("canvas");
    canvas.setPointerCapture(event.pointerId);
    canvas.focus({ preventScroll: true });
    this._pointers.set(event.pointerId, event);
    if (this._pointers.size > 1) {
      this._endStroke();
      this._gesture = "pinch";
      return;
    }
    this._pane = this.view.paneAt(event);
    const draws = this.tool === "brush" || this.tool === "eraser";
    if (event.button === 1 || this._isSpaceHeld || this.tool === "hand") {
      this._gesture = "pan";
    } else if (draws) {
      this._gesture = "draw";
      this.editor.beginStroke(...this._inImage(event), this.diameter,
        this.tool === "brush" && event.button !== 2 ? 1 : 0, event.shiftKey);
      this.view.draw();
    } else {
      this._gesture = "click";
      this._from = event;
    }
  }

  _move(event) {
    if (!this.editor) return;
    const before = this._pointers.get(event.pointerId);
    if (before) this._pointers.set(event.pointerId, event);
    if (this.tool === "brush" || this.tool === "eraser") this._moveCursor(event);
    if (!before) return;
    if (this._gesture === "pan") {
      this.view.pan(event.clientX - before.clientX, event.clientY - before.clientY);
    } else if (this._gesture === "pinch" && this._pointers.size === 2) {
      this._pinch(before, event);
    } else if (this._gesture === "draw") {
      const parts = event.getCoalescedEvents?.() ?? [];
      for (const part of parts.length ? parts : [event]) {
        this.editor.extendStroke(...this._inImage(part));
      }
      this.view.draw();
    } else if (this._gesture === "click" && this._isDrag(event)) {
      this.view.marks = [...(this._clicks?.points ?? []), { box: this._box(event) }];
      this.view.draw();
    }
  }

  _up(event) {
    if (!this._pointers.delete(event.pointerId)) return;
    if (this._gesture === "draw") {
      this._endStroke();
    } else if (this._gesture === "click" && event.type === "pointerup") {
      if (this._isDrag(event)) this._markBox(this._box(event));
      else this._markPoint(event);
    }
    if (!this._pointers.size) this._gesture = "";
  }

  _endStroke() {
    if (!this.isDrawing) return;
    this.editor.endStroke();
    this._maskChanged();
  }

  /** End whatever the pointers were doing: what they do from now on is not meant for the next sample. */
  _letGo() {
    this._endStroke();
    this._pointers.clear();
    this._gesture = "";
  }

  /** Return where an event of the gesture is in the picture of the pane it began in. */
  _inImage(event) { return this.view.inImage(event, this._pane); }

  _moveCursor(event) {
    const [x, y] = this._pointers.size ? this._inImage(event) : this.view.inImage(event);
    const round = this.diameter % 2 ? Math.floor : Math.round;
    this.view.cursor = { x: round(x), y: round(y), diameter: this.diameter };
    this.view.draw();
  }

  _pinch(before, event) {
    const other = [...this._pointers.values()].find((one) => one.pointerId !== event.pointerId);
    const length = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
    this.view.pan((event.clientX - before.clientX) / 2, (event.clientY - before.clientY) / 2);
    if (length(before) > 0) this.view.pinch(other, length(event) / length(before));
  }

  _isDrag(event) {
    return Math.hypot(event.clientX - this._from.clientX, event.clientY - this._from.clientY) > DRAG_PX;
  }

  _box(event) { return [...this._inImage(this._from), ...this._inImage(event)]; }

  _markPoint(event) {
    const [x, y] = this._inImage(event);
    const { width, height } = this.editor;
    if (x < 0 || y < 0 || x >= width || y >= height) return;
    this._clicks ??= { points: [], step: null };
    this._clicks.points.push({ x, y, inside: !(event.shiftKey || event.button === 2) });
    this._mark({ points: this._clicks.points.map((one) => [one.x, one.y, one.inside]) });
  }

  _markBox(box) {
    this._endObject();
    this._clicks = { points: [], step: null };
    this._mark({ box });
  }

  /** Add the object that is meant to the mask; what it was a click ago is taken back first. */
  async _mark(wanted) {
    const { editor, sample, _clicks: clicks } = this;
    this.view.marks = clicks.points;
    this.view.draw();
    $("mask-state").textContent = i18n.t("segmenting");
    $("stage").classList.add("busy");
    try {
      const { mask } = await postClicks(sample.number, { version: sample.version, ...wanted });
      if (this.editor !== editor || this._clicks !== clicks) return;
      if (clicks.step && editor.done.at(-1) === clicks.step) editor.undo();
      const step = editor.replace(union(editor.mask, maskOfRuns(mask, editor.width, editor.height)));
      clicks.step = step;
      this._maskChanged();
    } catch (error) {
      this.onProblem(error);
    } finally {
      $("stage").classList.remove("busy");
    }
  }

  /** The next click is on another object. */
  _endObject() {
    this._clicks = null;
    this.view.marks = [];
    this.view.draw();
  }

  onProblem() {}
}
