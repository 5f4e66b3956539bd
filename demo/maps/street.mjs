// Draws street_label.png, the demo's label map: a street of our own in CamVid's labels. `node demo/maps/street.mjs` writes it again.

import { Drawing } from "./drawing.mjs";

const [SKY, BUILDING, POLE, ROAD, PAVEMENT, TREE, SIGN, FENCE, CAR, PEDESTRIAN, BICYCLIST] = Array(11).keys();
const [width, height] = [512, 384];

const d = new Drawing(width, height, SKY);
/** A crown out of ellipses. */
function tree(x, y, r) {
  d.box(TREE, x - r / 8, y, r / 4, 1.9 * r);
  for (const [dx, dy, s] of [
    [0, 0, 1],
    [-0.7, 0.3, 0.6],
    [0.7, 0.25, 0.65],
    [-0.3, -0.6, 0.6],
    [0.4, -0.55, 0.6],
  ])
    d.ellipse(TREE, x + dx * r, y + dy * r, s * r, 0.85 * s * r);
}
function car(x, y, s) {
  d.polygon(
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
  d.ellipse(id, x, y - 34 * s, 4 * s, 5 * s);
  d.polygon(id, [x - 7 * s, y - 28 * s], [x + 7 * s, y - 28 * s], [x + 5 * s, y], [x - 5 * s, y]);
}

// The houses of both sides run towards the vanishing point (262, 196).
d.polygon(BUILDING, [0, 0], [92, 0], [150, 62], [206, 118], [240, 166], [240, 206], [0, 300]);
d.polygon(BUILDING, [512, 20], [440, 58], [372, 110], [318, 150], [286, 176], [286, 206], [512, 290]);
d.box(BUILDING, 236, 172, 54, 36);
d.polygon(PAVEMENT, [0, 296], [240, 202], [250, 204], [60, 384], [0, 384]);
d.polygon(PAVEMENT, [512, 286], [284, 202], [276, 204], [452, 384], [512, 384]);
d.polygon(ROAD, [60, 384], [250, 203], [276, 203], [452, 384]);
tree(372, 130, 46);
tree(318, 164, 24);
tree(214, 168, 20);
d.polygon(FENCE, [400, 232], [512, 272], [512, 300], [400, 248]);
d.box(POLE, 148, 92, 5, 172);
d.box(POLE, 436, 40, 6, 222);
d.box(SIGN, 138, 112, 24, 30);
car(196, 282, 1.05);
car(240, 226, 0.45);
car(324, 246, 0.75);
person(PEDESTRIAN, 96, 312, 1.7);
person(PEDESTRIAN, 412, 280, 1.3);
person(PEDESTRIAN, 428, 282, 1.2);
person(BICYCLIST, 292, 236, 0.8);

d.save("street_label.png");
