// Landscapes that the studio offers as a start beside those of demo/maps, in the labels of src/pictures/landscape_labels.ts.

import { Drawing } from "../../demo/maps/drawing.mjs";

const [SKY, CLOUDS, MOUNTAIN, SNOW, HILL, TREE, BUSH, GRASS, FIELD, DIRT, SAND, ROCK, SEA, , ROAD, BUILDING] =
  Array(16).keys();
const SIZE = 256;
const sky = () => new Drawing(SIZE, SIZE, SKY);

/** A road through dunes to the flat rocks at the horizon. */
export function desert() {
  const d = sky();
  d.cloud(CLOUDS, 66, 40, 15, 4);
  d.cloud(CLOUDS, 176, 62, 11, 9);
  d.below(
    MOUNTAIN,
    [
      [0, 120],
      [70, 112],
      [150, 118],
      [256, 104],
    ],
    4,
    3,
  );
  // Flat tops, and feet of rubble.
  for (const [x, y, w] of [
    [12, 92, 74],
    [168, 76, 84],
    [112, 112, 34],
  ]) {
    const at = (t, down) => [x + t * w, y + down * (138 - y)];
    d.polygon(
      MOUNTAIN,
      at(0.16, 0.5),
      at(0.2, 0.08),
      at(0.3, 0),
      at(0.52, 0.03),
      at(0.6, 0),
      at(0.76, 0.02),
      at(0.82, 0.12),
      at(0.86, 0.5),
    );
    d.polygon(
      HILL,
      at(-0.1, 1),
      at(0.08, 0.62),
      at(0.3, 0.5),
      at(0.5, 0.58),
      at(0.72, 0.5),
      at(0.92, 0.66),
      at(1.1, 1),
    );
  }
  d.below(
    SAND,
    [
      [0, 134],
      [90, 130],
      [170, 133],
      [256, 128],
    ],
    1.5,
    6,
  );
  d.below(
    DIRT,
    [
      [0, 158],
      [60, 150],
      [128, 168],
      [200, 160],
      [256, 168],
    ],
    2,
    7,
  );
  d.below(
    SAND,
    [
      [0, 186],
      [80, 196],
      [170, 182],
      [256, 196],
    ],
    3,
    8,
  );
  d.polygon(ROAD, [122, 132], [128, 132], [150, 164], [142, 196], [186, 256], [70, 256], [116, 196], [134, 164]);
  d.crowns(BUSH, 6, 70, 176, 6, 3);
  d.crowns(BUSH, 196, 250, 184, 7, 5);
  d.ellipse(ROCK, 222, 226, 17, 9);
  return d;
}

/** Snow from the tops down to where the skier stands. */
export function peaks() {
  const d = sky();
  d.cloud(CLOUDS, 200, 30, 17, 12);
  const far = [
    [0, 96],
    [46, 62],
    [90, 100],
    [150, 84],
    [206, 66],
    [256, 92],
  ];
  const near = [
    [0, 150],
    [34, 122],
    [92, 34],
    [118, 70],
    [142, 60],
    [196, 128],
    [256, 146],
  ];
  d.below(SNOW, far, 8, 6);
  d.below(MOUNTAIN, near, 8, 9);
  // Snow lies on the sides that the light falls on.
  d.polygon(SNOW, [92, 26], [70, 74], [84, 92], [78, 112], [100, 96], [104, 128], [118, 92], [112, 66]);
  d.polygon(SNOW, [142, 56], [130, 84], [140, 98], [138, 122], [156, 104], [172, 128], [168, 96]);
  d.below(
    SNOW,
    [
      [0, 166],
      [70, 152],
      [150, 158],
      [256, 170],
    ],
    5,
    4,
  );
  d.crowns(TREE, 0, 72, 186, 9, 6);
  d.crowns(TREE, 188, 262, 192, 10, 8);
  d.below(
    SNOW,
    [
      [0, 188],
      [80, 186],
      [180, 196],
      [256, 194],
    ],
    3,
    3,
  );
  d.ellipse(ROCK, 40, 224, 22, 9);
  d.ellipse(ROCK, 66, 232, 12, 6);
  return d;
}

/** A river that winds out of the mountains through woods. */
export function valley() {
  const d = sky();
  d.cloud(CLOUDS, 128, 34, 22, 15);
  d.below(
    MOUNTAIN,
    [
      [0, 92],
      [60, 70],
      [128, 108],
      [180, 78],
      [256, 60],
    ],
    7,
    11,
  );
  d.below(
    HILL,
    [
      [0, 96],
      [70, 112],
      [128, 128],
      [190, 112],
      [256, 92],
    ],
    5,
    12,
  );
  d.below(
    GRASS,
    [
      [0, 136],
      [128, 132],
      [256, 138],
    ],
    2,
    13,
  );
  d.crowns(TREE, 0, 104, 148, 12, 14);
  d.crowns(TREE, 158, 262, 146, 13, 15);
  // As sea: rivers of this width are grey with the net, as the road is.
  d.polygon(
    SEA,
    [118, 133],
    [148, 133],
    [178, 142],
    [170, 156],
    [110, 172],
    [96, 186],
    [140, 202],
    [214, 222],
    [240, 256],
    [0, 256],
    [0, 238],
    [34, 212],
    [40, 184],
    [66, 166],
    [128, 150],
    [112, 140],
  );
  d.crowns(BUSH, 0, 30, 200, 10, 16);
  d.crowns(BUSH, 206, 258, 206, 9, 17);
  d.ellipse(ROCK, 176, 232, 17, 9);
  d.ellipse(ROCK, 74, 204, 11, 6);
  d.ellipse(ROCK, 100, 214, 7, 4);
  return d;
}

/** An island in the sea, under tall clouds. */
export function island() {
  const d = sky();
  d.cloud(CLOUDS, 54, 66, 20, 21);
  d.cloud(CLOUDS, 92, 52, 18, 22);
  d.cloud(CLOUDS, 214, 92, 14, 23);
  d.below(
    SEA,
    [
      [0, 124],
      [256, 124],
    ],
    0.4,
    2,
  );
  d.below(
    HILL,
    [
      [0, 140],
      [92, 130],
      [116, 112],
      [150, 84],
      [172, 96],
      [206, 108],
      [234, 132],
      [256, 140],
    ],
    5,
    24,
    [SKY, CLOUDS],
  );
  d.crowns(TREE, 104, 238, 136, 9, 25);
  d.polygon(SAND, [86, 138], [130, 132], [190, 132], [244, 138], [226, 146], [150, 150], [104, 146]);
  d.polygon(ROCK, [238, 136], [246, 122], [256, 118], [256, 142]);
  d.below(
    SAND,
    [
      [0, 206],
      [60, 214],
      [110, 236],
      [150, 258],
      [256, 260],
    ],
    3,
    26,
  );
  d.ellipse(ROCK, 36, 204, 20, 9);
  d.crowns(BUSH, 0, 34, 238, 10, 27);
  return d;
}

/** Houses between fields and hills. */
export function village() {
  const d = sky();
  d.cloud(CLOUDS, 186, 38, 20, 31);
  d.cloud(CLOUDS, 52, 54, 14, 32);
  d.below(
    HILL,
    [
      [0, 96],
      [70, 82],
      [150, 104],
      [256, 84],
    ],
    4,
    33,
  );
  d.below(
    FIELD,
    [
      [0, 124],
      [90, 112],
      [180, 122],
      [256, 116],
    ],
    2,
    34,
  );
  d.crowns(TREE, 0, 60, 126, 9, 35);
  d.crowns(TREE, 206, 262, 128, 11, 36);
  d.below(
    GRASS,
    [
      [0, 150],
      [128, 142],
      [256, 152],
    ],
    2,
    37,
  );
  for (const [x, y, w, h] of [
    [76, 118, 30, 26],
    [112, 112, 24, 30],
    [150, 120, 38, 26],
  ]) {
    d.box(BUILDING, x, y, w, h);
    d.polygon(BUILDING, [x - 4, y + 1], [x + w / 2, y - 13], [x + w + 4, y + 1]);
  }
  d.polygon(BUILDING, [118, 112], [124, 84], [130, 112]);
  d.crowns(BUSH, 68, 80, 148, 6, 38);
  d.crowns(TREE, 190, 212, 148, 10, 39);
  d.polygon(
    ROAD,
    [136, 144],
    [144, 144],
    [166, 164],
    [160, 184],
    [196, 216],
    [226, 256],
    [142, 256],
    [132, 214],
    [144, 180],
  );
  d.below(
    FIELD,
    [
      [0, 190],
      [60, 196],
      [110, 220],
      [132, 256],
      [256, 260],
    ],
    3,
    40,
    [GRASS],
  );
  return d;
}
