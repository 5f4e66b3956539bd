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
