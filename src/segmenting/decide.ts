// From logits to classes: the largest, and how sure the net is of it.

/** A class and its probability for each cell. */
export interface Decided {
  readonly classes: Uint16Array;
  /** The softmax of the largest logit, from 1 / number of classes to 1. */
  readonly confidence: Float32Array;
}

/** @param logits [cells,count]; of equal logits the first class counts */
export function decide(logits: Float32Array, count: number): Decided {
  const cells = logits.length / count;
  const classes = new Uint16Array(cells);
  const confidence = new Float32Array(cells);
  for (let p = 0; p < cells; p++) {
    const from = p * count;
    let best = 0;
    for (let c = 1; c < count; c++) if (logits[from + c] > logits[from + best]) best = c;
    let sum = 0;
    const most = logits[from + best];
    for (let c = 0; c < count; c++) sum += Math.exp(logits[from + c] - most);
    classes[p] = best;
    confidence[p] = 1 / sum;
  }
  return { classes, confidence };
}
