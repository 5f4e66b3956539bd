// Draws the demo's landscapes in the labels of src/pictures/landscape_labels.ts: a lake under mountains, a coast, a meadow with a house.
// `node demo/maps/landscapes.mjs` writes them again.

import { Drawing } from "./drawing.mjs";

const [SKY, CLOUDS, MOUNTAIN, SNOW, HILL, TREE, BUSH, GRASS, FIELD, DIRT, SAND, ROCK, SEA, RIVER, ROAD, BUILDING] =
  Array(16).keys();
const SIZE = 256;

{
  const d = new Drawing(SIZE, SIZE, SKY);
  d.cloud(CLOUDS, 70, 34, 22, 3);
  d.cloud(CLOUDS, 196, 52, 17, 8);
  const peaks = [
    [0, 118],
    [38, 84],
    [84, 104],
    [132, 50],
    [178, 96],
    [214, 70],
    [256, 112],
  ];
  d.below(MOUNTAIN, peaks, 7, 4);
  // The peaks' tops are white.
  d.below(SNOW, peaks, 7, 4);
  d.below(
    MOUNTAIN,
    peaks.map(([x, y]) => [x, Math.max(y + 12, 88)]),
    9,
    9,
    [SNOW],
  );
  d.below(
    HILL,
    [
      [0, 122],
      [60, 132],
      [120, 142],
      [190, 128],
      [256, 120],
    ],
    5,
    5,
  );
  d.crowns(TREE, 0, 92, 152, 11, 6);
  d.crowns(TREE, 176, 262, 150, 12, 7);
  d.below(
    RIVER,
    [
      [0, 150],
      [256, 150],
    ],
    1,
    8,
  );
  d.below(
    GRASS,
    [
      [0, 190],
      [50, 196],
      [104, 226],
      [150, 246],
      [200, 240],
      [256, 216],
    ],
    4,
    9,
  );
  d.ellipse(ROCK, 92, 222, 20, 9);
  d.ellipse(ROCK, 118, 232, 11, 6);
  d.crowns(BUSH, 206, 262, 226, 9, 11);
  d.save("lake_label.png");
}

{
  const d = new Drawing(SIZE, SIZE, SKY);
  d.cloud(CLOUDS, 176, 40, 24, 5);
  d.cloud(CLOUDS, 60, 66, 14, 6);
  d.below(
    SEA,
    [
      [0, 108],
      [256, 108],
    ],
    0.4,
    2,
  );
  d.below(
    MOUNTAIN,
    [
      [0, 108],
      [130, 109],
      [176, 96],
      [214, 90],
      [256, 98],
    ],
    4,
    3,
    [SKY, CLOUDS],
  );
  d.below(
    SEA,
    [
      [0, 108],
      [256, 108],
    ],
    0.4,
    2,
  );
  d.polygon(ROCK, [0, 96], [26, 84], [58, 92], [84, 112], [96, 142], [80, 168], [44, 178], [0, 182]);
  d.polygon(BUSH, [0, 88], [26, 78], [54, 86], [70, 100], [40, 112], [0, 116]);
  d.below(
    SAND,
    [
      [0, 184],
      [60, 182],
      [118, 198],
      [176, 226],
      [220, 256],
      [256, 258],
    ],
    3,
    5,
  );
  d.below(
    GRASS,
    [
      [0, 222],
      [40, 228],
      [88, 246],
      [120, 258],
      [256, 258],
    ],
    4,
    6,
  );
  d.ellipse(ROCK, 186, 178, 16, 8);
  d.ellipse(ROCK, 208, 184, 8, 4);
  d.save("coast_label.png");
}

{
  const d = new Drawing(SIZE, SIZE, SKY);
  d.cloud(CLOUDS, 120, 46, 20, 7);
  d.below(
    MOUNTAIN,
    [
      [0, 104],
      [60, 84],
      [120, 96],
      [190, 72],
      [256, 100],
    ],
    6,
    5,
  );
  d.below(
    HILL,
    [
      [0, 126],
      [80, 112],
      [150, 122],
      [256, 108],
    ],
    4,
    4,
  );
  d.below(
    FIELD,
    [
      [0, 144],
      [100, 136],
      [256, 142],
    ],
    2,
    3,
  );
  d.crowns(TREE, 0, 70, 146, 13, 3);
  d.crowns(TREE, 196, 260, 146, 15, 4);
  d.box(BUILDING, 120, 122, 34, 22);
  d.polygon(BUILDING, [114, 124], [137, 108], [160, 124]);
  d.below(
    GRASS,
    [
      [0, 170],
      [120, 166],
      [256, 174],
    ],
    2,
    8,
  );
  d.polygon(ROAD, [134, 144], [142, 144], [152, 168], [138, 196], [160, 256], [84, 256], [112, 198], [132, 168]);
  d.crowns(BUSH, 8, 70, 200, 8, 9);
  d.ellipse(DIRT, 214, 214, 30, 9);
  d.save("meadow_label.png");
}
