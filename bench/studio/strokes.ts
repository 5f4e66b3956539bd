// The strokes of the bench: positions of a mouse at 60 events a second, in parts of the map's width and height.

/** Positions a second. */
export const RATE = 60;

export interface Stroke {
  readonly name: string;
  readonly net: "street" | "landscape";
  /** Name of the label that is painted. */
  readonly label: string;
  /** Diameter of the brush, in pixels of the map. */
  readonly size: number;
  readonly seconds: number;
  /** Begins while the thumbnails of the map before are being painted; else when all are there. */
  readonly hasty: boolean;
  /** Where the mouse is, from 0 to 1 each, at a time from 0, the press, to 1, the release. */
  at(time: number): readonly [x: number, y: number];
}

const { sin, cos, PI, abs } = Math;
/** From 0 to 1 and back. */
const there = (turns: number): number => 1 - abs(1 - ((2 * turns) % 2));
/** Slow at both ends, as a hand is. */
const eased = (time: number): number => (1 - cos(PI * time)) / 2;

/** Two of each net, in the order in which they are painted, the second over the first. */
export const STROKES: readonly Stroke[] = [
  {
    name: "long curve",
    net: "street",
    label: "tree",
    size: 24,
    seconds: 3,
    hasty: false,
    at: (t) => [0.1 + 0.8 * eased(t), 0.45 + 0.3 * sin(2 * PI * eased(t))],
  },
  {
    name: "quick zigzag",
    net: "street",
    label: "car",
    size: 6,
    seconds: 1.5,
    hasty: true,
    at: (t) => [0.15 + 0.7 * t, 0.55 + 0.3 * there(6 * t)],
  },
  {
    name: "slow line",
    net: "landscape",
    label: "mountain",
    size: 12,
    seconds: 2.5,
    hasty: false,
    at: (t) => [0.2 + 0.4 * t, 0.4 + 0.05 * t],
  },
  {
    name: "scribble",
    net: "landscape",
    label: "tree",
    size: 10,
    seconds: 3,
    hasty: true,
    at: (t) => [0.5 + 0.35 * sin(14 * PI * t) * cos(PI * t), 0.55 + 0.35 * sin(10 * PI * t + 1)],
  },
];
