// The canvas: two pictures and their outlines under one zoom, in one pane or side by side.

const LARGEST = 64; // screen pixels per image pixel: single pixels can be told from afar
const STEP = 1.25; // per key or button
const PER_WHEEL = 0.0015; // of the logarithm of the scale, per unit the wheel reports
const PER_PINCH = 0.01; // the same for pinches, which browsers report as small wheels
const HALO = "rgba(0, 0, 0, .55)";
const DIM = "rgba(0, 0, 0, .6)"; // over the picture, below an overlay of evidence

export class View {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.scale = 1;
    this.offset = [0, 0];
    this.size = [1, 1]; // width, height of the pictures
    // heat is a picture of its own, overlay one that is clear where nothing changed
    this.pictures = { normal: null, published: null, heat: null, overlay: null };
    this.layers = []; // { outline: Path2D, fill: canvas or null, colour, dashed, visible }
    this.opacity = 0.8;
    this.showsNormal = false;
    this.showsHeat = false;
    this.hidesOutlines = false;
    this.sideBySide = false;
    this.cursor = null; // { x, y, diameter } in image pixels
    this.marks = []; // clicks: { x, y, inside } or { box }
    this.isFitted = true;
    this.onZoom = () => {};
    this._pending = 0;
    new ResizeObserver(() => this._resized()).observe(canvas);
  }

  /** Show other pictures; the zoom stays where it is if they have the same size and it is asked to. */
  show(size, pictures, { keepZoom = false } = {}) {
    const same = this.size[0] === size[0] && this.size[1] === size[1];
    this.size = size;
    this.pictures = pictures;
    if (!keepZoom || !same) this.fit();
    this.draw();
  }

  get panes() { return this.sideBySide && this.pictures.normal ? 2 : 1; }

  /** Width of one pane in canvas pixels. */
  get paneWidth() { return this.canvas.width / this.panes; }

  fit() {
    const [width, height] = this.size;
    const scale = Math.min(this.paneWidth / width, this.canvas.height / height) * 0.97;
    this.scale = Math.min(scale, LARGEST);
    this._centre(width / 2, height / 2);
    this.isFitted = true;
    this._changed();
  }

  /** One image pixel on one screen pixel, around what is in the middle now. */
  real() { this._zoomAround(this.paneWidth / 2, this.canvas.height / 2, 1 / this.scale); }

  zoom(steps) {
    this._zoomAround(this.paneWidth / 2, this.canvas.height / 2, STEP ** steps);
  }

  wheel(event) {
    const [x, y] = this.inPane(event);
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    const speed = event.ctrlKey ? PER_PINCH : PER_WHEEL;
    this._zoomAround(x, y, Math.exp(-event.deltaY * lines * speed));
  }

  pan(dx, dy) {
    const ratio = this._ratio();
    this.offset = [this.offset[0] + dx * ratio, this.offset[1] + dy * ratio];
    this.isFitted = false;
    this._changed();
  }

  /** Zoom by a factor around a place of the page, and move by some of its pixels: a pinch. */
  pinch(event, factor) {
    this._zoomAround(...this.inPane(event), factor);
  }

  /** Return the number of the pane an event is in; beside the canvas, that of the nearest one. */
  paneAt(event) {
    const pane = Math.floor(this._inCanvas(event)[0] / this.paneWidth);
    return Math.min(Math.max(pane, 0), this.panes - 1);
  }

  /** Return where an event is as seen from a pane, in canvas pixels; outside it is beyond its edges. */
  inPane(event, pane = this.paneAt(event)) {
    const [x, y] = this._inCanvas(event);
    return [x - pane * this.paneWidth, y];
  }

  /** Return where an event is in the picture of a pane, in image pixels. */
  inImage(event, pane = this.paneAt(event)) {
    const [x, y] = this.inPane(event, pane);
    return [(x - this.offset[0]) / this.scale, (y - this.offset[1]) / this.scale];
  }

  /** Draw with the next frame, once however often it is asked for. */
  draw() {
    this._pending ||= requestAnimationFrame(() => {
      this._pending = 0;
      this._draw();
    });
  }

  _inCanvas(event) {
    const box = this.canvas.getBoundingClientRect();
    const ratio = this._ratio();
    return [(event.clientX - box.left) * ratio, (event.clientY - box.top) * ratio];
  }

  _ratio() { return this.canvas.width / this.canvas.clientWidth || 1; }

  _centre(x, y) {
    this.offset = [
      this.paneWidth / 2 - x * this.scale,
      this.canvas.height / 2 - y * this.scale,
    ];
  }

  _zoomAround(x, y, factor) {
    const smallest = Math.min(this.paneWidth / this.size[0], this.canvas.height / this.size[1]) / 4;
    const scale = Math.min(Math.max(this.scale * factor, smallest), LARGEST);
    const by = scale / this.scale;
    this.offset = [x - (x - this.offset[0]) * by, y - (y - this.offset[1]) * by];
    this.scale = scale;
    this.isFitted = false;
    this._changed();
  }

  _changed() {
    this.onZoom(this.scale);
    this.draw();
  }

  _resized() {
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [this.canvas.clientWidth * ratio, this.canvas.clientHeight * ratio];
    const middle = [
      (this.paneWidth / 2 - this.offset[0]) / this.scale,
      (this.canvas.height / 2 - this.offset[1]) / this.scale,
    ];
    this.canvas.width = Math.max(1, Math.round(width));
    this.canvas.height = Math.max(1, Math.round(height));
    if (this.isFitted) this.fit();
    else this._centre(...middle);
    this._draw();
  }

  /** Lay two panes side by side, or one; what is in the middle stays there. */
  setSideBySide(on) {
    const middle = (this.paneWidth / 2 - this.offset[0]) / this.scale;
    this.sideBySide = on;
    if (this.isFitted) this.fit();
    else this.offset[0] = this.paneWidth / 2 - middle * this.scale;
    this.draw();
  }

  _draw() {
    const { context: c, canvas } = this;
    c.setTransform(1, 0, 0, 1, 0, 0);
    c.clearRect(0, 0, canvas.width, canvas.height);
    for (let pane = 0; pane < this.panes; pane++) {
      c.save();
      c.setTransform(1, 0, 0, 1, pane * this.paneWidth, 0);
      c.beginPath();
      c.rect(0, 0, this.paneWidth - (this.panes > 1 ? 1 : 0), canvas.height);
      c.clip();
      c.transform(this.scale, 0, 0, this.scale, ...this.offset);
      this._drawPane(this.panes > 1 && pane === 0);
      c.restore();
    }
  }

  _drawPane(isNormal) {
    const { context: c, pictures } = this;
    const normal = (isNormal || this.showsNormal) && pictures.normal;
    const picture = normal || (this.showsHeat && pictures.heat) || pictures.published;
    c.imageSmoothingEnabled = this.scale < 1; // enlarged, pixels stay pixels
    c.imageSmoothingQuality = "high";
    if (picture) c.drawImage(picture, 0, 0, ...this.size);
    if (this.showsHeat && !normal && pictures.overlay) this._drawOverlay(pictures.overlay);
    if (!this.hidesOutlines && !(this.showsNormal && !isNormal)) this._drawLayers(isNormal);
    this._drawMarks();
    if (this.cursor) this._drawCursor();
  }

  _drawOverlay(overlay) {
    const { context: c } = this;
    c.fillStyle = DIM;
    c.fillRect(0, 0, ...this.size);
    c.imageSmoothingEnabled = true; // it is smaller than the picture
    c.drawImage(overlay, 0, 0, ...this.size);
  }

  _drawLayers(isNormal) {
    const { context: c } = this;
    const ratio = this._ratio();
    for (const layer of this.layers) {
      if (!layer.visible || !this.opacity) continue;
      c.globalAlpha = this.opacity * 0.3;
      if (layer.fill && !isNormal) c.drawImage(layer.fill, 0, 0);
      c.globalAlpha = this.opacity;
      c.lineJoin = "round";
      if (!layer.outline) continue;
      c.setLineDash([]);
      this._stroke(layer.outline, HALO, 3.5 * ratio);
      c.setLineDash(layer.dashed ? [6 * ratio / this.scale, 4 * ratio / this.scale] : []);
      this._stroke(layer.outline, layer.colour, 1.6 * ratio);
    }
    c.globalAlpha = 1;
    c.setLineDash([]);
  }

  _stroke(path, colour, width) {
    this.context.strokeStyle = colour;
    this.context.lineWidth = width / this.scale;
    this.context.stroke(path);
  }

  _drawMarks() {
    const radius = (5 * this._ratio()) / this.scale;
    for (const mark of this.marks) {
      const path = new Path2D();
      if (mark.box) {
        const [x0, y0, x1, y1] = mark.box;
        path.rect(x0, y0, x1 - x0, y1 - y0);
      } else {
        path.moveTo(mark.x - radius, mark.y);
        path.lineTo(mark.x + radius, mark.y);
        if (mark.inside) {
          path.moveTo(mark.x, mark.y - radius);
          path.lineTo(mark.x, mark.y + radius);
        }
      }
      this._stroke(path, HALO, 5 * this._ratio());
      this._stroke(path, mark.inside === false ? "#ff6e5a" : "#7dff9a", 2 * this._ratio());
    }
  }

  _drawCursor() {
    const { x, y, diameter } = this.cursor;
    const path = new Path2D();
    const even = diameter % 2 ? 0.5 : 0;
    if (diameter < 3) path.rect(x - Math.floor(diameter / 2), y - Math.floor(diameter / 2), diameter, diameter);
    else path.arc(x + even, y + even, diameter / 2, 0, 2 * Math.PI);
    this._stroke(path, HALO, 3 * this._ratio());
    this._stroke(path, "#fff", this._ratio());
  }
}
