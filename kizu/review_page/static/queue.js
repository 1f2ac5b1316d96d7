// What comes before the person: the task that is shown, those behind it, and those loaded ahead.

import { getPicture, getSample, postTasks, thumbnailUrl } from "./api.js";
import { maskOfRuns } from "./masks.js";

const AHEAD = 4; // tasks known ahead: what a quick person judges while the server is asked
const LOADED_AHEAD = 3; // of them, those whose pictures are loaded
const MOST_PIXELS_AHEAD = 48e6; // decoded pictures take 4 bytes a pixel: at most 200 MB lie ready
const STILL_HERE_MS = 60000; // samples are held for three times that

/** Names this open page to the server; a reload keeps it, so that its samples stay its own. */
function pageName() {
  const random = crypto.getRandomValues(new Uint32Array(4)).join("-"); // randomUUID needs HTTPS
  const name = sessionStorage.getItem("kizu-page") || random;
  sessionStorage.setItem("kizu-page", name);
  return name;
}

export const keyOf = (task) => task.samples.map((sample) => sample.number).join("-");

export class Queue {
  /** @param {(state: object) => void} onProgress told what the server says besides tasks */
  constructor(onProgress) {
    this.history = [];
    this.position = -1;
    this.ahead = [];
    this.decided = new Set();
    this._page = pageName();
    this._loaded = new Map();
    this._onProgress = onProgress;
    this._asking = null;
    setInterval(() => this.refill(), STILL_HERE_MS);
  }

  get current() { return this.history[this.position] ?? null; }

  /** Put a task before the person that is not next in the queue. */
  open(task) {
    this.position = Math.min(this.position + 1, this.history.length); // it is that after the last
    this.history.splice(this.position, 0, task);
  }

  /** Go to the next task; null if nothing is left. */
  async next() {
    if (this.position < this.history.length - 1) {
      this.position++;
    } else {
      if (!this.ahead.length) await this.refill();
      const task = this.ahead.shift();
      if (!task) {
        this.position = this.history.length;
        return null;
      }
      this.history.push(task);
      this.position = this.history.length - 1;
    }
    this.refill();
    return this.current;
  }

  /** Go to the task before; null if this is the first one. */
  previous() {
    if (this.position < 1) return null;
    this.position--;
    return this.current;
  }

  /** Go back to the task that was decided last; null if there is none. */
  lastDecided() {
    const from = Math.min(this.position, this.history.length) - 1;
    for (let i = from; i >= 0; i--) {
      if (this._isDecided(this.history[i])) {
        this.position = i;
        return this.current;
      }
    }
    return null;
  }

  /** Take the task that is shown away again; returns the one before it. */
  close() {
    this.history.splice(this.position--, 1);
    return this.current;
  }

  markDecided(numbers) { numbers.forEach((number) => this.decided.add(number)); }

  /** Ask what comes next; at most one question is under way. */
  refill() {
    this._asking ??= this._refill().finally(() => { this._asking = null; });
    return this._asking;
  }

  async _refill() {
    const numbers = (tasks) => tasks.flatMap((task) => task.samples.map((one) => one.number));
    const shown = this.current ? numbers([this.current]) : [];
    const passed = numbers(this.history).filter(
      (number) => !this.decided.has(number) && !shown.includes(number),
    );
    const body = { page: this._page, most: AHEAD, shown, skipped: [...new Set(passed)] };
    const answer = await postTasks(body);
    const now = this.current ? keyOf(this.current) : "";
    this.ahead = answer.tasks.filter((task) => keyOf(task) !== now && !this._isDecided(task));
    this._onProgress(answer);
    this._loadAhead().catch(() => {}); // whoever shows the sample is told
  }

  _isDecided(task) { return task.samples.every((sample) => this.decided.has(sample.number)); }

  /** Load what is needed to show a sample; what was loaded is used again. */
  load(sample) {
    const key = `${sample.number}@${sample.version}`;
    if (!this._loaded.has(key)) {
      const loading = loadSample(sample);
      loading.catch(() => this._loaded.delete(key));
      this._loaded.set(key, loading);
    }
    return this._loaded.get(key);
  }

  async _loadAhead() {
    const near = [this.history[this.position - 1], this.current, ...this.ahead.slice(0, LOADED_AHEAD)];
    const singles = near.filter((task) => task && !task.sheet).map((task) => task.samples[0]);
    this._forgetAllBut(new Set(singles.map((one) => `${one.number}@${one.version}`)));
    if (this.current && !this.current.sheet) await this.load(this.current.samples[0]); // it first
    let pixels = 0;
    for (const task of this.ahead.slice(0, LOADED_AHEAD)) {
      if (task.sheet) {
        for (const sample of task.samples) new Image().src = thumbnailUrl(sample);
        return;
      }
      const { detail } = await this.load(task.samples[0]).catch(() => ({ detail: { size: [0, 0] } }));
      pixels += 2 * detail.size[0] * detail.size[1];
      if (pixels > MOST_PIXELS_AHEAD) return;
    }
  }

  _forgetAllBut(keys) {
    for (const [key, loading] of this._loaded) {
      if (keys.has(key)) continue;
      this._loaded.delete(key);
      loading.then(({ pictures }) => Object.values(pictures).forEach((one) => one?.close()), () => {});
    }
  }
}

async function loadSample(sample) {
  const [detail, published, normal] = await Promise.all([
    getSample(sample.number),
    getPicture(sample, "published"),
    sample.has_normal ? getPicture(sample, "normal") : null,
  ]);
  const [height, width] = detail.size;
  const mask = (runs) => maskOfRuns(runs, width, height);
  return {
    detail,
    pictures: { normal, published, heat: null },
    label: mask(detail.label),
    witnesses: detail.witnesses.map((one) => mask(one.mask)),
  };
}
