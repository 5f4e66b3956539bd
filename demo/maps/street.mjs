// Draws street_label.png, the demo's label map: a street of our own in CamVid's labels. `node demo/maps/street.mjs` writes it again.

import { encode } from "fast-png";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const [SKY, BUILDING, POLE, ROAD, PAVEMENT, TREE, SIGN, FENCE, CAR, PEDESTRIAN, BICYCLIST] = Array(11).keys();
const [width, height] = [512, 384];
const ids = new Uint8Array(width * height).fill(SKY);

/** Fills a polygon (even-odd). */
function polygon(id, ...points) {
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
const box = (id, x, y, w, h) => polygon(id, [x, y], [x + w, y], [x + w, y + h], [x, y + h]);
function ellipse(id, cx, cy, rx, ry) {
  polygon(
    id,
    ...Array.from({ length: 40 }, (_, i) => {
      const a = (i / 40) * 2 * Math.PI;
      return [cx + rx * Math.cos(a), cy + ry * Math.sin(a)];
    }),
  );
}
/** A crown out of ellipses. */
function tree(x, y, r) {
  box(TREE, x - r / 8, y, r / 4, 1.9 * r);
  for (const [dx, dy, s] of [
    [0, 0, 1],
    [-0.7, 0.3, 0.6],
    [0.7, 0.25, 0.65],
    [-0.3, -0.6, 0.6],
    [0.4, -0.55, 0.6],
  ])
    ellipse(TREE, x + dx * r, y + dy * r, s * r, 0.85 * s * r);
}
function car(x, y, s) {
  polygon(
    CAR,
    [x - 30 * s, y],
    [x - 28 * s, y - 16 * s],
    [x - 20 * s, y - 30 * s],
    [x + 20 * s, y - 30 * s],
    [x + 28 * s, y - 16 * s],
    [x + 30 * s, y],
  );
}
function person(id, x, y, s) {
  ellipse(id, x, y - 34 * s, 4 * s, 5 * s);
  polygon(id, [x - 7 * s, y - 28 * s], [x + 7 * s, y - 28 * s], [x + 5 * s, y], [x - 5 * s, y]);
}

// The houses of both sides run towards the vanishing point (262, 196).
polygon(BUILDING, [0, 0], [92, 0], [150, 62], [206, 118], [240, 166], [240, 206], [0, 300]);
polygon(BUILDING, [512, 20], [440, 58], [372, 110], [318, 150], [286, 176], [286, 206], [512, 290]);
box(BUILDING, 236, 172, 54, 36);
polygon(PAVEMENT, [0, 296], [240, 202], [250, 204], [60, 384], [0, 384]);
polygon(PAVEMENT, [512, 286], [284, 202], [276, 204], [452, 384], [512, 384]);
polygon(ROAD, [60, 384], [250, 203], [276, 203], [452, 384]);
tree(372, 130, 46);
tree(318, 164, 24);
tree(214, 168, 20);
polygon(FENCE, [400, 232], [512, 272], [512, 300], [400, 248]);
box(POLE, 148, 92, 5, 172);
box(POLE, 436, 40, 6, 222);
box(SIGN, 138, 112, 24, 30);
car(196, 282, 1.05);
car(240, 226, 0.45);
car(324, 246, 0.75);
person(PEDESTRIAN, 96, 312, 1.7);
person(PEDESTRIAN, 412, 280, 1.3);
person(PEDESTRIAN, 428, 282, 1.2);
person(BICYCLIST, 292, 236, 0.8);

writeFileSync(
  fileURLToPath(new URL("street_label.png", import.meta.url)),
  encode({ width, height, data: ids, channels: 1, depth: 8 }),
);
