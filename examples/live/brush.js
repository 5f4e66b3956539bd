// A round brush: pointer events become ids of a label map.

/**
 * @param canvas shows the map, at any size
 * @param brush gives { id, size: diameter in pixels of the map, changed: called after each event }
 */
export function strokes(canvas, map, brush) {
  /** Where the pointer was, by pointer: each finger paints a stroke of its own. */
  const last = new Map();

  const place = ({ clientX, clientY }) => {
    const { left, top } = canvas.getBoundingClientRect();
    return {
      x: ((clientX - left - canvas.clientLeft) / canvas.clientWidth) * map.width,
      y: ((clientY - top - canvas.clientTop) / canvas.clientHeight) * map.height,
    };
  };

  function paint(event) {
    const { id, size, changed } = brush();
    // A browser joins the moves between two frames to one event; the curve is in its parts.
    const joined = event.getCoalescedEvents?.() ?? [];
    for (const part of joined.length ? joined : [event]) {
      const to = place(part);
      line(map, id, size / 2, last.get(event.pointerId) ?? to, to);
      last.set(event.pointerId, to);
    }
    changed();
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    last.delete(event.pointerId);
    paint(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (last.has(event.pointerId)) paint(event);
  });
  for (const type of ["pointerup", "pointercancel"])
    canvas.addEventListener(type, ({ pointerId }) => last.delete(pointerId));
}

/** Fills what is nearer than `radius` to the line from a to b. */
function line({ data, width, height }, id, radius, a, b) {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const squared = dx * dx + dy * dy;
  const r = Math.max(radius, 0.71);
  const from = (u, v) => Math.max(0, Math.floor(Math.min(u, v) - r));
  const to = (u, v, most) => Math.min(most, Math.ceil(Math.max(u, v) + r));
  for (let y = from(a.y, b.y); y < to(a.y, b.y, height); y++) {
    for (let x = from(a.x, b.x); x < to(a.x, b.x, width); x++) {
      const [px, py] = [x + 0.5 - a.x, y + 0.5 - a.y];
      const t = squared ? Math.min(1, Math.max(0, (px * dx + py * dy) / squared)) : 0;
      if (Math.hypot(px - t * dx, py - t * dy) <= r) data[y * width + x] = id;
    }
  }
}
