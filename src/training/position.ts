// Where a run stands in its data.

/** Where a run stands. */
export interface Position {
  /** From 1. */
  epoch: number;
  /** Batches of this epoch that are done. */
  batch: number;
  /** Batches in all, and pictures. */
  step: number;
  pictures: number;
}

/** Before the first batch. */
export const START: Position = { epoch: 1, batch: 0, step: 0, pictures: 0 };
