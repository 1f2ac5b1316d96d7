// How strokes become pixels: lines without gaps or thickened corners, discs from one pixel up.

/** Yield the pixels of a line (Bresenham), both ends included. */
export function* linePixels(x0, y0, x1, y1) {
  const dx = Math.abs(x1 - x0);
  const dy = -Math.abs(y1 - y0);
  const sx = Math.sign(x1 - x0);
  const sy = Math.sign(y1 - y0);
  let error = dx + dy;
  for (;;) {
    yield [x0, y0];
    if (x0 === x1 && y0 === y1) return;
    const twice = 2 * error;
    if (twice >= dy) { error += dy; x0 += sx; }
    if (twice <= dx) { error += dx; y0 += sy; }
  }
}

/** Return the rows of a disc as [dy, first dx, last dx], relative to its centre pixel. */
export function discRows(diameter) {
  const rows = [];
  const shift = diameter % 2 ? 0 : 0.5; // the centre of an even disc is a corner of pixels
  const first = -Math.floor(diameter / 2);
  for (let dy = first; dy < first + diameter; dy++) {
    const half = Math.sqrt(Math.max(0, (diameter / 2) ** 2 - (dy + shift) ** 2));
    const low = Math.ceil(-half - shift);
    const high = Math.floor(half - shift);
    if (low <= high) rows.push([dy, low, high]);
  }
  return rows;
}

/** Return the pixel a disc is centred on when the pointer is at (x, y) in image coordinates. */
export function discCentre(x, y, diameter) {
  return diameter % 2 ? [Math.floor(x), Math.floor(y)] : [Math.round(x), Math.round(y)];
}

/** Tell whether the middle one of three pixels in a row only thickens a corner of a thin line. */
export function isCorner([x0, y0], [x1, y1], [x2, y2]) {
  const bends = (x1 === x0) !== (x2 === x1) && (y1 === y0) !== (y2 === y1);
  return bends && Math.abs(x2 - x0) === 1 && Math.abs(y2 - y0) === 1;
}
