// A run's position in its data.

export interface Position {
  /** From 1. */
  epoch: number;
  /** Finished batches of this epoch. */
  batch: number;
  /** Finished batches of all epochs, and their pictures. */
  step: number;
  pictures: number;
}

/** Before the first batch. */
export const START: Position = { epoch: 1, batch: 0, step: 0, pictures: 0 };
