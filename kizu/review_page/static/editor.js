// The mask that a person works on: strokes, other masks, undo and redo; all in image pixels.

import { discCentre, discRows, isCorner, linePixels } from "./brush.js";
import { isEmpty, isEqual, paintMask } from "./masks.js";

/** What one step changed: the pixels it set and the pixels it cleared. */
const stepOf = (before, after) => {
  const set = [];
  const cleared = [];
  for (let i = 0; i < after.length; i++) {
    if (after[i] !== before[i]) (after[i] ? set : cleared).push(i);
  }
  return { set, cleared };
};

export class MaskEditor {
  /**
   * @param {Uint8Array} published the label as it would be published
   * @param {Uint8Array} mask what is shown at first
   */
  constructor(width, height, published, mask, colour) {
    this.width = width;
    this.height = height;
    this.published = published;
    this.mask = mask.slice();
    this.revision = 0;
    this.done = [];
    this.undone = [];
    this.lastPoint = null;
    this._stroke = null;
    this.canvas = new OffscreenCanvas(width, height);
    this._context = this.canvas.getContext("2d");
    this._context.fillStyle = colour;
    this._fillAll();
  }

  get isChanged() { return !isEqual(this.mask, this.published); }
  get isEmpty() { return isEmpty(this.mask); }
  get isDrawing() { return this._stroke !== null; }

  /** Begin a stroke that sets (1) or clears (0) pixels; from the last one's end if it is a line. */
  beginStroke(x, y, diameter, value, isLine) {
    this._stroke = { value, diameter, rows: discRows(diameter), changed: new Map(), path: [] };
    const from = isLine && this.lastPoint ? this.lastPoint : discCentre(x, y, diameter);
    this._stroke.at = from;
    this._dab(...from);
    this.extendStroke(x, y);
  }

  extendStroke(x, y) {
    const stroke = this._stroke;
    const to = discCentre(x, y, stroke.diameter);
    let first = true;
    for (const [px, py] of linePixels(...stroke.at, ...to)) {
      if (!first) this._dab(px, py);
      first = false;
    }
    stroke.at = to;
  }

  endStroke() {
    const { value, changed, at } = this._stroke;
    this._stroke = null;
    this.lastPoint = at;
    const pixels = [...changed.keys()];
    if (pixels.length) this._remember(value ? { set: pixels, cleared: [] } : { set: [], cleared: pixels });
  }

  /** Replace the whole mask in one step, and return that step. */
  replace(mask) {
    const step = stepOf(this.mask, mask);
    if (step.set.length || step.cleared.length) {
      this._apply(step.set, step.cleared);
      this._remember(step);
    }
    return step;
  }

  undo() {
    const step = this.done.pop();
    if (!step) return null;
    this._apply(step.cleared, step.set);
    this.undone.push(step);
    return step;
  }

  redo() {
    const step = this.undone.pop();
    if (!step) return null;
    this._apply(step.set, step.cleared);
    this.done.push(step);
    return step;
  }

  _remember(step) {
    this.done.push(step);
    this.undone = [];
    this.revision++;
  }

  _dab(x, y) {
    const stroke = this._stroke;
    for (const [dy, low, high] of stroke.rows) this._span(y + dy, x + low, x + high);
    if (stroke.diameter === 1) this._thin(x, y);
  }

  /** Take back the last pixel but one of a thin line where it only thickens a corner. */
  _thin(x, y) {
    const { path, changed, value } = this._stroke;
    path.push([x, y]);
    if (path.length < 3 || !isCorner(...path.slice(-3))) return;
    const [[cx, cy]] = path.splice(-2, 1);
    const crossed = path.some(([px, py]) => px === cx && py === cy);
    const pixel = cy * this.width + cx;
    if (!crossed && changed.delete(pixel)) this._set(pixel, 1 - value);
  }

  _span(y, first, last) {
    if (y < 0 || y >= this.height) return;
    const { value, changed } = this._stroke;
    for (let x = Math.max(first, 0); x <= Math.min(last, this.width - 1); x++) {
      const pixel = y * this.width + x;
      if (this.mask[pixel] === value) continue;
      changed.set(pixel, true);
      this._set(pixel, value);
    }
  }

  _apply(set, cleared) {
    for (const pixel of set) this.mask[pixel] = 1;
    for (const pixel of cleared) this.mask[pixel] = 0;
    this.revision++;
    this._fillAll();
  }

  _set(pixel, value) {
    this.mask[pixel] = value;
    const x = pixel % this.width;
    const y = Math.floor(pixel / this.width);
    this._context[value ? "fillRect" : "clearRect"](x, y, 1, 1);
  }

  _fillAll() { paintMask(this._context, this.mask, this.width, this.height); }
}
