// PIL's Image.resize(BICUBIC) of 8-bit RGB, with which the published code resizes photos: an antialiased cubic (a = -0.5) in fixed
// point, across and then down, rounded to bytes after each pass. Equal to PIL bit for bit; no image library for Node is.

export interface RgbImage {
  /** Three bytes per pixel. */
  data: Uint8Array;
  width: number;
  height: number;
}

const FRACTION_BITS = 22;
const HALF = 1 << (FRACTION_BITS - 1);

function cubic(distance: number): number {
  const x = Math.abs(distance);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
}

interface Taps {
  /** First source index and number of taps of each output index. */
  first: Int32Array;
  count: Int32Array;
  /** `most` weights per output index, with 22 fractional bits. */
  weights: Int32Array;
  most: number;
}

/** A filter of Pillow's: how many source samples it reaches to each side, and the weight at a distance. */
export type Filter = readonly [reach: number, weight: (distance: number) => number];
const BICUBIC: Filter = [2, cubic];

/** Source samples and weights of each output sample, in the order of float64 operations of Pillow's precompute_coeffs. */
function tapsOf(inSize: number, outSize: number, [reach, weight]: Filter): Taps {
  const scale = inSize / outSize;
  const filterScale = Math.max(scale, 1);
  const support = reach * filterScale;
  const most = 2 * Math.ceil(support) + 1;
  const taps: Taps = {
    first: new Int32Array(outSize),
    count: new Int32Array(outSize),
    weights: new Int32Array(outSize * most),
    most,
  };
  const exact = new Float64Array(most);
  for (let i = 0; i < outSize; i++) {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - support + 0.5));
    const count = Math.min(inSize, Math.trunc(centre + support + 0.5)) - first;
    let sum = 0;
    for (let j = 0; j < count; j++) sum += exact[j] = weight((j + first - centre + 0.5) * (1 / filterScale));
    for (let j = 0; j < count; j++) {
      const fixed = (sum === 0 ? exact[j] : exact[j] / sum) * (1 << FRACTION_BITS);
      taps.weights[i * most + j] = Math.trunc(fixed + (fixed < 0 ? -0.5 : 0.5));
    }
    taps.first[i] = first;
    taps.count[i] = count;
  }
  return taps;
}

const clip = (sum: number): number => {
  const v = sum >> FRACTION_BITS;
  return v < 0 ? 0 : v > 255 ? 255 : v;
};

/** Resizes along one direction: `lines` lines that begin `line` bytes apart, with samples `step` bytes apart. */
function pass(
  data: Uint8Array,
  out: Uint8Array,
  taps: Taps,
  lines: number,
  from: { step: number; line: number },
  to: { step: number; line: number },
): void {
  const { first, count, weights, most } = taps;
  for (let line = 0; line < lines; line++) {
    for (let i = 0; i < first.length; i++) {
      let r = HALF;
      let g = HALF;
      let b = HALF;
      let at = line * from.line + first[i] * from.step;
      for (let j = i * most, end = j + count[i]; j < end; j++, at += from.step) {
        const w = weights[j];
        r += data[at] * w;
        g += data[at + 1] * w;
        b += data[at + 2] * w;
      }
      const o = line * to.line + i * to.step;
      out[o] = clip(r);
      out[o + 1] = clip(g);
      out[o + 2] = clip(b);
    }
  }
}

/** Resizes a picture to outWidth x outHeight (at least 1 each); copies a direction whose size does not change. Sources up to 2^24 per side. */
export function pilResize(image: RgbImage, outWidth: number, outHeight: number, filter: Filter): RgbImage {
  const { width, height } = image;
  let data = image.data;
  if (outWidth !== width) {
    const out = new Uint8Array(3 * outWidth * height);
    pass(
      data,
      out,
      tapsOf(width, outWidth, filter),
      height,
      { step: 3, line: 3 * width },
      { step: 3, line: 3 * outWidth },
    );
    data = out;
  }
  if (outHeight !== height) {
    const row = 3 * outWidth;
    const out = new Uint8Array(row * outHeight);
    pass(data, out, tapsOf(height, outHeight, filter), outWidth, { step: row, line: 3 }, { step: row, line: 3 });
    data = out;
  }
  return { data: data === image.data ? data.slice() : data, width: outWidth, height: outHeight };
}

/** pilResize with PIL's BICUBIC. */
export const pilBicubicResize = (image: RgbImage, outWidth: number, outHeight: number): RgbImage =>
  pilResize(image, outWidth, outHeight, BICUBIC);
