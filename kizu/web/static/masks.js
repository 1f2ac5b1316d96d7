// Masks: one byte per pixel, row after row; on the wire as lengths of runs down the columns.

// An outline is traced anew after every stroke. Only masks of scattered pixels have more edges than
// this: a line around each of them holds the page up and shows no more than the fill does.
const MOST_EDGES = 200000;

/** Return the mask (Uint8Array of 0 and 1) of COCO's uncompressed runs. */
export function maskOfRuns(runs, width, height) {
  const mask = new Uint8Array(width * height);
  let place = 0;
  runs.forEach((run, i) => {
    if (i % 2) {
      for (let p = place; p < place + run; p++) mask[(p % height) * width + ((p / height) | 0)] = 1;
    }
    place += run;
  });
  return mask;
}

/** Return the runs of a mask; the first one is of background and may be 0. */
export function runsOfMask(mask, width, height) {
  const runs = [];
  let value = 0;
  let length = 0;
  for (let x = 0; x < width; x++) {
    for (let p = x; p < mask.length; p += width) {
      if (mask[p] !== value) {
        runs.push(length);
        value = mask[p];
        length = 0;
      }
      length++;
    }
  }
  runs.push(length);
  return runs;
}

export const isEmpty = (mask) => !mask.includes(1);
export const union = (a, b) => a.map((value, i) => value | b[i]);
export const intersection = (a, b) => a.map((value, i) => value & b[i]);

export function isEqual(a, b) {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

export function area(mask) {
  let count = 0;
  for (let i = 0; i < mask.length; i++) count += mask[i];
  return count;
}

/** Paint a mask in the colour of a context, run by run, and clear what is not in it. */
export function paintMask(context, mask, width, height) {
  context.clearRect(0, 0, width, height);
  for (let y = 0; y < height; y++) {
    const end = (y + 1) * width;
    for (let p = y * width; p < end; p++) {
      if (!mask[p]) continue;
      const start = p;
      while (p < end && mask[p]) p++;
      context.fillRect(start - y * width, y, p - start, 1);
    }
  }
}

/** Return a canvas with a mask painted in a colour. */
export function fillOf(mask, width, height, colour) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  context.fillStyle = colour;
  paintMask(context, mask, width, height);
  return canvas;
}

/**
 * Return the outline along the pixels' edges as a Path2D of closed loops, in image coordinates;
 * null where there are more than MOST_EDGES.
 */
export function outlineOf(mask, width, height) {
  const path = new Path2D();
  const next = edgesOf(mask, width, height);
  if (!next) return null;
  const step = width + 1;
  const line = (vertex, draw) => path[draw](vertex % step, Math.floor(vertex / step));
  for (const start of next.keys()) {
    let from = start;
    if (!next.get(from)?.length) continue;
    let to = next.get(from).pop();
    line(from, "moveTo");
    while (to !== undefined) {
      const after = next.get(to)?.pop();
      if (after === undefined || after - to !== to - from) line(to, "lineTo"); // else straight on
      from = to;
      to = after;
    }
    path.closePath();
  }
  return path;
}

/**
 * Return the unit edges between a mask and its background, the mask on their right, by start; null
 * where there are more than MOST_EDGES.
 */
function edgesOf(mask, width, height) {
  const next = new Map();
  const step = width + 1;
  let count = 0;
  const add = (from, to) => {
    count++;
    next.has(from) ? next.get(from).push(to) : next.set(from, [to]);
  };
  for (let y = 0, p = 0; y < height; y++) {
    if (count > MOST_EDGES) return null;
    for (let x = 0; x < width; x++, p++) {
      if (!mask[p]) continue;
      const corner = y * step + x;
      if (y === 0 || !mask[p - width]) add(corner, corner + 1);
      if (x === width - 1 || !mask[p + 1]) add(corner + 1, corner + 1 + step);
      if (y === height - 1 || !mask[p + width]) add(corner + 1 + step, corner + step);
      if (x === 0 || !mask[p - 1]) add(corner + step, corner);
    }
  }
  return count > MOST_EDGES ? null : next;
}
