// Draws street_label.png, the demo's label map: a street of our own in CamVid's labels. `node demo/maps/street.mjs` writes it again.

import { Drawing } from "./drawing.mjs";

const [SKY, BUILDING, POLE, ROAD, PAVEMENT, TREE, SIGN, FENCE, CAR, PEDESTRIAN, BICYCLIST] = Array(11).keys();
const [width, height] = [512, 384];

const d = new Drawing(width, height, SKY);
// The houses of both sides run towards the vanishing point (262, 196).
d.polygon(BUILDING, [0, 0], [92, 0], [150, 62], [206, 118], [240, 166], [240, 206], [0, 300]);
d.polygon(BUILDING, [512, 20], [440, 58], [372, 110], [318, 150], [286, 176], [286, 206], [512, 290]);
d.box(BUILDING, 236, 172, 54, 36);
d.polygon(PAVEMENT, [0, 296], [240, 202], [250, 204], [60, 384], [0, 384]);
d.polygon(PAVEMENT, [512, 286], [284, 202], [276, 204], [452, 384], [512, 384]);
d.polygon(ROAD, [60, 384], [250, 203], [276, 203], [452, 384]);
d.tree(TREE, 372, 130, 46);
d.tree(TREE, 318, 164, 24);
d.tree(TREE, 214, 168, 20);
d.polygon(FENCE, [400, 232], [512, 272], [512, 300], [400, 248]);
d.box(POLE, 148, 92, 5, 172);
d.box(POLE, 436, 40, 6, 222);
d.box(SIGN, 138, 112, 24, 30);
d.car(CAR, 196, 282, 1.05);
d.car(CAR, 240, 226, 0.45);
d.car(CAR, 324, 246, 0.75);
d.person(PEDESTRIAN, 96, 312, 1.7);
d.person(PEDESTRIAN, 412, 280, 1.3);
d.person(PEDESTRIAN, 428, 282, 1.2);
d.person(BICYCLIST, 292, 236, 0.8);

d.save("street_label.png");
