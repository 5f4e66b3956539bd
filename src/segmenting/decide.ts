// From logits to classes: the largest, and how sure the net is of it.

/** A class and its probability for each cell or pixel, row by row. */
export interface Decided {
  readonly classes: Uint16Array;
  /** The softmax of the largest logit, from 1 / number of classes to 1. */
  readonly confidence: Float32Array;
}

/** @param logits [cells,count]; of equal logits the first class counts */
export function decide(logits: Float32Array, count: number): Decided {
  return decideEach(logits.length / count, count, (p) => logits.subarray(p * count, (p + 1) * count));
}

/**
 * Classes of a map of another size. The published net enlarges its logits bilinearly to its input (torch's align_corners) and decides there; a
 * pixel of the map is the nearest one of those. Only these are computed.
 * @param logits [cells,cells,count]
 * @param size width and height of the net's input
 */
export function decideAt(
  logits: Float32Array,
  { count, size }: { count: number; size: number },
  { width, height }: { width: number; height: number },
): Decided {
  const cells = Math.round(Math.sqrt(logits.length / count));
  const columns = between(width, size, cells);
  const rows = between(height, size, cells);
  const mixed = new Float32Array(count);
  return decideEach(width * height, count, (p) => {
    const { first: x, next: x1, share: u } = columns[p % width];
    const { first: y, next: y1, share: v } = rows[Math.floor(p / width)];
    const [a, b] = [(y * cells + x) * count, (y * cells + x1) * count];
    const [c, d] = [(y1 * cells + x) * count, (y1 * cells + x1) * count];
    for (let i = 0; i < count; i++) {
      const upper = logits[a + i] * (1 - u) + logits[b + i] * u;
      const lower = logits[c + i] * (1 - u) + logits[d + i] * u;
      mixed[i] = upper * (1 - v) + lower * v;
    }
    return mixed;
  });
}

/** For each of `to` pixels the cells before and after it, and how far it is on the way to the second. */
function between(to: number, size: number, cells: number): { first: number; next: number; share: number }[] {
  return Array.from({ length: to }, (_, i) => {
    const at = (Math.floor(((i + 0.5) * size) / to) * (cells - 1)) / (size - 1);
    const first = Math.min(Math.floor(at), cells - 1);
    return { first, next: Math.min(first + 1, cells - 1), share: at - first };
  });
}

function decideEach(pixels: number, count: number, logitsOf: (p: number) => Float32Array): Decided {
  const classes = new Uint16Array(pixels);
  const confidence = new Float32Array(pixels);
  for (let p = 0; p < pixels; p++) {
    const logits = logitsOf(p);
    let best = 0;
    for (let c = 1; c < count; c++) if (logits[c] > logits[best]) best = c;
    let sum = 0;
    for (let c = 0; c < count; c++) sum += Math.exp(logits[c] - logits[best]);
    classes[p] = best;
    confidence[p] = 1 / sum;
  }
  return { classes, confidence };
}
