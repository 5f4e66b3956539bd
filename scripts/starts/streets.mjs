// Streets that the studio offers as a start beside that of demo/maps, in CamVid's labels.

import { Drawing } from "../../demo/maps/drawing.mjs";

const [SKY, BUILDING, POLE, ROAD, PAVEMENT, TREE, SIGN, FENCE, CAR, PEDESTRIAN, BICYCLIST] = Array(11).keys();
const [WIDTH, HEIGHT] = [512, 384];
const sky = () => new Drawing(WIDTH, HEIGHT, SKY);

/** Trees on both sides, and cars that drive ahead. */
export function avenue() {
  const d = sky();
  d.polygon(BUILDING, [0, 60], [120, 110], [200, 160], [200, 212], [0, 290]);
  d.polygon(BUILDING, [512, 40], [400, 100], [316, 160], [316, 212], [512, 290]);
  d.box(BUILDING, 196, 176, 122, 34);
  d.polygon(PAVEMENT, [0, 270], [230, 203], [244, 204], [30, 384], [0, 384]);
  d.polygon(PAVEMENT, [512, 270], [284, 203], [270, 204], [482, 384], [512, 384]);
  d.polygon(ROAD, [30, 384], [240, 203], [274, 203], [482, 384]);
  for (const [x, y, r] of [
    [214, 170, 20],
    [176, 150, 32],
    [104, 112, 56],
    [300, 170, 20],
    [340, 148, 34],
    [418, 104, 60],
  ])
    d.tree(TREE, x, y, r);
  d.box(POLE, 60, 30, 7, 270);
  d.box(POLE, 462, 60, 6, 232);
  d.car(CAR, 226, 262, 1);
  d.car(CAR, 262, 222, 0.4);
  d.car(CAR, 324, 250, 0.85);
  d.car(CAR, 120, 296, 1.1);
  d.person(PEDESTRIAN, 440, 300, 1.7);
  return d;
}

/** A road that ends at a row of houses, with a crossing street before them. */
export function junction() {
  const d = sky();
  d.polygon(
    BUILDING,
    [70, 74],
    [170, 66],
    [172, 52],
    [230, 46],
    [232, 70],
    [330, 74],
    [332, 60],
    [420, 70],
    [420, 214],
    [70, 214],
  );
  d.polygon(BUILDING, [0, 0], [64, 26], [64, 232], [0, 246]);
  d.polygon(BUILDING, [512, 10], [440, 44], [440, 228], [512, 242]);
  d.box(PAVEMENT, 0, 208, 512, 18);
  d.box(ROAD, 0, 222, 512, 60);
  d.polygon(PAVEMENT, [0, 250], [64, 244], [110, 262], [40, 384], [0, 384]);
  d.polygon(PAVEMENT, [512, 246], [450, 240], [396, 262], [470, 384], [512, 384]);
  d.polygon(ROAD, [40, 384], [112, 262], [394, 262], [470, 384]);
  d.tree(TREE, 110, 146, 38);
  d.tree(TREE, 392, 150, 36);
  d.box(POLE, 30, 40, 8, 226);
  d.box(POLE, 474, 60, 7, 200);
  d.box(SIGN, 18, 96, 32, 34);
  d.box(SIGN, 462, 110, 30, 26);
  d.car(CAR, 196, 252, 0.95);
  d.car(CAR, 304, 240, 0.8);
  d.person(PEDESTRIAN, 268, 226, 0.9);
  d.person(PEDESTRIAN, 284, 227, 0.85);
  d.person(PEDESTRIAN, 66, 322, 1.9);
  d.person(BICYCLIST, 372, 286, 1.3);
  return d;
}

/** Along a park: a fence and woods on one side, houses on the other. */
export function park() {
  const d = sky();
  d.polygon(BUILDING, [512, 60], [430, 92], [360, 132], [310, 166], [310, 210], [512, 280]);
  for (const [x, y, r] of [
    [30, 96, 74],
    [124, 120, 58],
    [196, 150, 38],
    [240, 168, 22],
  ])
    d.tree(TREE, x, y, r);
  d.box(BUILDING, 252, 178, 60, 32);
  d.polygon(TREE, [0, 130], [240, 190], [240, 208], [0, 276]);
  d.polygon(FENCE, [0, 224], [236, 194], [236, 210], [0, 292]);
  d.polygon(PAVEMENT, [0, 288], [244, 205], [256, 206], [78, 384], [0, 384]);
  d.polygon(PAVEMENT, [512, 266], [306, 204], [296, 206], [470, 384], [512, 384]);
  d.polygon(ROAD, [78, 384], [254, 205], [298, 205], [470, 384]);
  d.tree(TREE, 396, 150, 30);
  d.box(POLE, 452, 50, 6, 236);
  d.box(SIGN, 442, 96, 26, 34);
  d.person(BICYCLIST, 222, 306, 2);
  d.person(BICYCLIST, 264, 244, 0.9);
  d.person(PEDESTRIAN, 92, 318, 1.7);
  d.person(PEDESTRIAN, 452, 312, 1.8);
  d.car(CAR, 340, 264, 0.9);
  d.car(CAR, 308, 228, 0.45);
  return d;
}
