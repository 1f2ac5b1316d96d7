// Pointers on a view: one drags, two pinch, the wheel zooms.

/** Let pointers move and zoom a view. */
export function listenToGestures(canvas, view) {
  const pointers = new Map();
  const spread = () => {
    const [a, b] = [...pointers.values()];
    return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, apart: Math.hypot(a.x - b.x, a.y - b.y) || 1 };
  };

  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    view.wheel(event);
  }, { passive: false });

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  });

  canvas.addEventListener("pointermove", (event) => {
    if (!pointers.has(event.pointerId)) return;
    const before = pointers.size > 1 ? spread() : pointers.get(event.pointerId);
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    const after = pointers.size > 1 ? spread() : pointers.get(event.pointerId);
    if (pointers.size > 1) view.pinch({ clientX: after.x, clientY: after.y }, after.apart / before.apart);
    view.pan(after.x - before.x, after.y - before.y);
  });

  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, ({ pointerId }) => pointers.delete(pointerId));
  }
}
