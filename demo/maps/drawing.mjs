// Shapes of label ids, for the demo's maps.

import { encode } from "fast-png";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export class Drawing {
  constructor(width, height, id) {
    this.width = width;
    this.height = height;
    this.ids = new Uint8Array(width * height).fill(id);
  }

  /** Fills a polygon (even-odd). */
  polygon(id, ...points) {
    const { width, height, ids } = this;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        let inside = false;
        points.forEach(([ax, ay], i) => {
          const [bx, by] = points[(i + 1) % points.length];
          if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
        });
        if (inside) ids[y * width + x] = id;
      }
    }
  }

  box(id, x, y, w, h) {
    this.polygon(id, [x, y], [x + w, y], [x + w, y + h], [x, y + h]);
  }

  ellipse(id, cx, cy, rx, ry) {
    const at = (i) => [cx + rx * Math.cos((i * Math.PI) / 20), cy + ry * Math.sin((i * Math.PI) / 20)];
    this.polygon(id, ...Array.from({ length: 40 }, (_, i) => at(i)));
  }

  /** Fills everything below a line that goes through the points and is `rough` pixels uneven between them. `over`: only on these ids. */
  below(id, points, rough, seed = 1, over = undefined) {
    const heights = ridge(points, rough, this.width, seed);
    for (let x = 0; x < this.width; x++)
      for (let y = Math.max(0, Math.round(heights[x])); y < this.height; y++) {
        const at = y * this.width + x;
        if (!over || over.includes(this.ids[at])) this.ids[at] = id;
      }
  }

  /** Puffs in a row. */
  cloud(id, x, y, r, seed) {
    const next = random(seed);
    for (let i = -3; i <= 3; i++)
      this.ellipse(
        id,
        x + i * r * 0.7,
        y + (next() - 0.5) * r * 0.4,
        r * (1.1 - Math.abs(i) * 0.2),
        r * (0.5 - Math.abs(i) * 0.09),
      );
  }

  /** Crowns of trees or bushes side by side. */
  crowns(id, from, to, y, r, seed) {
    const next = random(seed);
    for (let x = from; x < to; x += r * (0.7 + 0.6 * next())) {
      const s = r * (0.7 + 0.6 * next());
      this.ellipse(id, x, y - s * 0.6, s, s * (0.9 + 0.5 * next()));
    }
  }

  /** A tree with its trunk; (x, y) is the middle of the crown, r its radius. */
  tree(id, x, y, r) {
    this.box(id, x - r / 8, y, r / 4, 1.9 * r);
    for (const [dx, dy, s] of [
      [0, 0, 1],
      [-0.7, 0.3, 0.6],
      [0.7, 0.25, 0.65],
      [-0.3, -0.6, 0.6],
      [0.4, -0.55, 0.6],
    ])
      this.ellipse(id, x + dx * r, y + dy * r, s * r, 0.85 * s * r);
  }

  /** A car from behind, 60 * s wide; (x, y) is the middle of its lower edge. */
  car(id, x, y, s) {
    this.polygon(
      id,
      [x - 30 * s, y],
      [x - 28 * s, y - 16 * s],
      [x - 20 * s, y - 30 * s],
      [x + 20 * s, y - 30 * s],
      [x + 28 * s, y - 16 * s],
      [x + 30 * s, y],
    );
  }

  /** Somebody who stands at (x, y), 39 * s tall. */
  person(id, x, y, s) {
    this.ellipse(id, x, y - 34 * s, 4 * s, 5 * s);
    this.polygon(id, [x - 7 * s, y - 28 * s], [x + 7 * s, y - 28 * s], [x + 5 * s, y], [x - 5 * s, y]);
  }

  /** Writes a gray PNG beside this script. */
  save(name) {
    const { width, height, ids: data } = this;
    writeFileSync(
      fileURLToPath(new URL(name, import.meta.url)),
      encode({ data, width, height, channels: 1, depth: 8 }),
    );
  }
}

/** The same numbers for a seed on every machine. */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Heights of a line by column: straight from point to point, plus steps that halve in size and width. */
function ridge(points, rough, width, seed) {
  const next = random(seed);
  const heights = Float64Array.from({ length: width }, (_, x) => {
    const i = Math.max(
      1,
      points.findIndex(([px]) => px >= x),
    );
    const [[ax, ay], [bx, by]] = [points[i - 1], points[i]];
    return ay + ((by - ay) * (x - ax)) / (bx - ax);
  });
  for (let step = 32, size = rough; step >= 2; step /= 2, size /= 1.8) {
    const knots = Array.from({ length: Math.ceil(width / step) + 2 }, () => (2 * next() - 1) * size);
    for (let x = 0; x < width; x++) {
      const [i, t] = [Math.floor(x / step), (x % step) / step];
      heights[x] += knots[i] * (1 - t) + knots[i + 1] * t;
    }
  }
  return heights;
}
