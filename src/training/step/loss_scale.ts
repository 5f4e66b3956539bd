// Dynamic loss scaling (Micikevicius et al. 2018): the losses are multiplied by a factor before the f16 backward pass, as large as the
// gradients allow without overflow.

/** The state that a checkpoint stores. */
export interface LossScaleState {
  scale: number;
  /** Steps since the scale last changed. */
  good: number;
  /** Steps that overflowed and changed nothing. */
  skipped: number;
}

const START = 2 ** 16;
/** The minimum: a gradient that still overflows does so for another reason. */
const LEAST = 1;
/** Good steps after which the scale is doubled. */
const PATIENCE = 2000;

export class LossScale implements LossScaleState {
  scale = START;
  good = 0;
  skipped = 0;

  /** Adjusts the scale after a step. */
  after(overflow: boolean): void {
    if (overflow) {
      this.scale = Math.max(LEAST, this.scale / 2);
      this.good = 0;
      this.skipped++;
    } else if (++this.good === PATIENCE) {
      this.scale *= 2;
      this.good = 0;
    }
  }

  get spent(): boolean {
    return this.scale === LEAST;
  }

  get state(): LossScaleState {
    const { scale, good, skipped } = this;
    return { scale, good, skipped };
  }

  restore({ scale, good, skipped }: LossScaleState): void {
    Object.assign(this, { scale, good, skipped });
  }
}
