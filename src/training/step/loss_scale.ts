// Dynamic loss scaling (Micikevicius et al. 2018): f16 gradients are made of losses times a factor that is as large as they bear.

/** What a checkpoint keeps of it. */
export interface LossScaleState {
  scale: number;
  /** Steps since the scale last changed. */
  good: number;
  /** Steps that overflowed and changed nothing. */
  skipped: number;
}

const START = 2 ** 16;
/** Below it a gradient that overflows is not the scale's fault. */
const LEAST = 1;
/** Good steps after which the scale is doubled. */
const PATIENCE = 2000;

export class LossScale implements LossScaleState {
  scale = START;
  good = 0;
  skipped = 0;

  /** Takes note of a step. */
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
