// Weights in the kernels' layouts, in float64: blocks of 16 columns, and Winograd's transform of 3x3 kernels.

const BLOCK = 16;

/** Where row k, column n of matrix z lies among blocks of `rows` and `columns`. */
const placeOf = (z: number, k: number, n: number, rows: number, columns: number): number => {
  const [blocks, k4] = [Math.ceil(columns / BLOCK), Math.ceil(rows / 4)];
  return (((z * blocks + Math.floor(n / BLOCK)) * k4 + (k >> 2)) * BLOCK + (n % BLOCK)) * 4 + (k & 3);
};

const sizeOf = (matrices: number, rows: number, columns: number): number =>
  matrices * Math.ceil(columns / BLOCK) * Math.ceil(rows / 4) * BLOCK * 4;

/** Calls `visit` with the place of every weight in OIHW and in blocks. */
function walk([o, i, kh, kw]: readonly number[], visit: (oihw: number, blocked: number) => void): void {
  for (let n = 0; n < o; n++)
    for (let k = 0; k < i; k++)
      for (let t = 0; t < kh * kw; t++) visit((n * i + k) * kh * kw + t, placeOf(t, k, n, i, o));
}

export function blocksReference(oihw: ArrayLike<number>, shape: readonly number[]): Float64Array {
  const out = new Float64Array(sizeOf(shape[2] * shape[3], shape[1], shape[0]));
  walk(shape, (from, to) => (out[to] = oihw[from]));
  return out;
}

export function unblocksReference(blocks: ArrayLike<number>, shape: readonly number[]): Float64Array {
  const out = new Float64Array(shape.reduce((a, b) => a * b));
  walk(shape, (to, from) => (out[to] = blocks[from]));
  return out;
}

/** G w G^T of every 3x3 kernel, 16 matrices of [Cin, Cout] in blocks. */
export function winogradReference(oihw: ArrayLike<number>, [o, i]: readonly number[]): Float64Array {
  const G = [
    [1, 0, 0],
    [0.5, 0.5, 0.5],
    [0.5, -0.5, 0.5],
    [0, 0, 1],
  ];
  const out = new Float64Array(sizeOf(16, i, o));
  for (let n = 0; n < o; n++)
    for (let k = 0; k < i; k++)
      for (let z = 0; z < 16; z++) {
        let sum = 0;
        for (let t = 0; t < 9; t++) sum += G[z >> 2][Math.floor(t / 3)] * G[z & 3][t % 3] * oihw[(n * i + k) * 9 + t];
        out[placeOf(z, k, n, i, o)] = sum;
      }
  return out;
}
