// A picture, and what it was painted of.

/** What a picture is painted of. */
export interface Painted {
  readonly ids: Uint8Array;
  readonly style: Float32Array | undefined;
  /** When the last of the changes that it shows happened, on the page's clock. */
  readonly at?: number;
}

export interface Picture extends Painted {
  readonly image: ImageData;
}
