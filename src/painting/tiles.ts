// Which parts of a net's layers depend on pixels whose modulation has changed, worked out on the host before a picture is painted.
//
// Of a block whose input x changed in the pixels X, at a level where the pixels D have other rows of the tables than before:
//   H = grown(up(X) + D)     conv_0's result: its 3x3 windows reach one pixel
//   Y = grown(H)             conv_1's, and so the block's: the X of the next one. It holds up(X) + D, of which the shortcut is computed
// up() makes four pixels of each where the block begins with an upsampling. Convolutions compute 2x2 tiles: those with a pixel of the set. The
// other pixels of such a tile come out as they were, so they count for nothing further on. A norm is computed where the convolution behind it
// reads, in strips of rows (kernels/parts/extent.ts). Small strokes often miss the samples of the low resolutions; then all sets are empty up
// to the first level that shows the stroke.

import { blocks, convsOf, type BlockSpec, type Config } from "../models/config.ts";
import { levelKey } from "../models/nets/table_room.ts";

/** A set of places in rows: pixels, tiles or strips. */
class Places {
  readonly has: Uint8Array;
  /** All places lie in the rows from `top` on, before `bottom`. */
  private top: number;
  private bottom = 0;

  constructor(
    readonly rows: number,
    readonly columns: number,
  ) {
    this.has = new Uint8Array(rows * columns);
    this.top = rows;
  }

  clear(): void {
    const { rows, columns } = this;
    if (this.top < this.bottom) this.has.fill(0, this.top * columns, this.bottom * columns);
    [this.top, this.bottom] = [rows, 0];
  }

  /** Makes it the set of places that are 1. */
  set(places: Uint8Array): void {
    this.clear();
    const first = places.indexOf(1);
    if (first < 0) return;
    this.has.set(places);
    this.top = Math.floor(first / this.columns);
    this.bottom = Math.floor(places.lastIndexOf(1) / this.columns) + 1;
  }

  /** Adds those of rows [y0, y1] and columns [x0, x1] that exist. */
  add(y0: number, y1: number, x0: number, x1: number): void {
    const { rows, columns, has } = this;
    const [from, to] = [Math.max(0, x0), Math.min(columns - 1, x1) + 1];
    const [top, bottom] = [Math.max(0, y0), Math.min(rows - 1, y1) + 1];
    for (let y = top; y < bottom; y++) has.fill(1, y * columns + from, y * columns + to);
    this.top = Math.min(this.top, top);
    this.bottom = Math.max(this.bottom, bottom);
  }

  /** Calls `body` with every run of places of a row: columns [x0, x1]. */
  runs(body: (y: number, x0: number, x1: number) => void): void {
    const { columns, has, top, bottom } = this;
    for (let y = top; y < bottom; y++) {
      const row = y * columns;
      const end = row + columns;
      for (let at = has.indexOf(1, row); at >= 0 && at < end; at = has.indexOf(1, at)) {
        const from = at;
        while (at < end && has[at]) at++;
        body(y, from - row, at - row - 1);
      }
    }
  }

  /** Their number, and then the places: what a list of parts holds. */
  list(): Int32Array {
    let count = 0;
    this.runs((_, x0, x1) => (count += x1 - x0 + 1));
    const out = new Int32Array(1 + count);
    out[0] = count;
    let at = 1;
    this.runs((y, x0, x1) => {
      for (let x = x0; x <= x1; x++) out[at++] = y * this.columns + x;
    });
    return out;
  }
}

const half = (n: number): number => Math.ceil(n / 2);
const tilesOf = (h: number, w: number): Places => new Places(half(h), half(w));

/** The strips of a norm, or of the activation before conv_img. */
interface Strips {
  readonly parts: Places;
  /** Pixels of a strip of the result. */
  readonly width: number;
}

const stripsOf = (h: number, w: number, up: number, length: number): Strips => ({
  parts: new Places(h, Math.ceil(w / up / length)),
  width: length * up,
});

interface BlockParts {
  readonly spec: BlockSpec;
  /** Pixels that change, and the tiles to compute, of conv_0. */
  readonly hidden: Places;
  readonly hiddenTiles: Places;
  /** Of conv_1, the shortcut, and so of the block. */
  readonly result: Places;
  readonly resultTiles: Places;
  readonly norms: { readonly norm_0: Strips; readonly norm_1: Strips; readonly norm_s?: Strips };
}

/** Pixels of a level that have other rows of the tables than before, 1 each; undefined: none. */
export type Changed = (level: string) => Uint8Array | undefined;

export interface Lists {
  /** By layer: how many parts, and which. */
  readonly of: ReadonlyMap<string, Int32Array>;
  /** Of the multiplications of a whole picture. */
  readonly share: number;
  /** 2x2 tiles of the picture. */
  readonly tiles: number;
}

/** The parts of a generator of SPADE's blocks. Convolutions have tiles, under their names; the shortcut has those of conv_1. */
export class TilePlan {
  private readonly blocks: readonly BlockParts[];
  private readonly picture: Places;
  private readonly pictureTiles: Places;
  private readonly before: Strips;
  private readonly multiplications: number;

  /** @param strip pixels of a norm's input in a strip */
  constructor(
    private readonly config: Config,
    strip: number,
  ) {
    this.blocks = blocks(config).map((spec): BlockParts => {
      const { h, w, up, learned } = spec;
      const first = (): Strips => stripsOf(h, w, up ? 2 : 1, strip);
      const norms = { norm_0: first(), norm_1: stripsOf(h, w, 1, strip), ...(learned && { norm_s: first() }) };
      const [hidden, result] = [new Places(h, w), new Places(h, w)];
      return { spec, hidden, result, norms, hiddenTiles: tilesOf(h, w), resultTiles: tilesOf(h, w) };
    });
    const { h, w } = this.blocks.at(-1)!.spec;
    this.picture = new Places(h, w);
    this.pictureTiles = tilesOf(h, w);
    this.before = stripsOf(h, w, 1, strip);
    this.multiplications = this.multiplied((parts) => parts.has.length);
  }

  /** How many parts each layer has, by name. "conv_img.input" is the activation before conv_img. */
  sizes(): Map<string, number> {
    return new Map([...this.layers()].map(([name, { has }]) => [name, has.length]));
  }

  private *layers(): Generator<[string, Places]> {
    for (const { spec, hiddenTiles, resultTiles, norms } of this.blocks) {
      yield [`${spec.name}.conv_0`, hiddenTiles];
      yield [`${spec.name}.conv_1`, resultTiles];
      for (const [norm, { parts }] of Object.entries(norms)) yield [`${spec.name}.${norm}`, parts];
    }
    yield ["conv_img.input", this.before.parts];
    yield ["conv_img", this.pictureTiles];
  }

  /** Of the convolutions, if a layer computes so many of its tiles. */
  private multiplied(count: (tiles: Places) => number): number {
    let sum = 0;
    for (const { spec, hiddenTiles, resultTiles } of this.blocks)
      for (const { name, cin, cout, k } of convsOf(spec))
        sum += count(name.endsWith("conv_0") ? hiddenTiles : resultTiles) * cin * cout * k * k;
    return sum + count(this.pictureTiles) * this.blocks.at(-1)!.spec.fout * 3 * 9;
  }

  lists(changed: Changed): Lists {
    let x: Places | undefined;
    for (const { spec, hidden, hiddenTiles, result, resultTiles, norms } of this.blocks) {
      const { h, w, up } = spec;
      const pixels = changed(levelKey(h, w));
      // What norm_0 reads, for a moment in the place of the block's result.
      if (pixels) result.set(pixels);
      else result.clear();
      // The first features of a net without VAE depend on 3x3 windows of labels.
      if (!x && !this.config.use_vae) {
        grow(result, hidden);
        result.set(hidden.has);
      }
      if (up) x?.runs((y, x0, x1) => result.add(2 * y, 2 * y + 1, 2 * x0, 2 * x1 + 1));
      else x?.runs((y, x0, x1) => result.add(y, y, x0, x1));
      grow(result, hidden);
      grow(hidden, result);
      cover(hidden, hiddenTiles);
      cover(result, resultTiles);
      reach(hiddenTiles, norms.norm_0, 1);
      reach(resultTiles, norms.norm_1, 1);
      if (norms.norm_s) reach(resultTiles, norms.norm_s, 0);
      x = result;
    }
    grow(x!, this.picture);
    cover(this.picture, this.pictureTiles);
    reach(this.pictureTiles, this.before, 1);
    const of = new Map([...this.layers()].map(([name, parts]) => [name, parts.list()]));
    const counts = new Map([...this.layers()].map(([name, parts]) => [parts, of.get(name)![0]]));
    const share = this.multiplied((tiles) => counts.get(tiles)!) / this.multiplications;
    return { of, share, tiles: counts.get(this.pictureTiles)! };
  }
}

/** `to` becomes the pixels of `from` and those beside them. */
function grow(from: Places, to: Places): void {
  to.clear();
  from.runs((y, x0, x1) => to.add(y - 1, y + 1, x0 - 1, x1 + 1));
}

/** `tiles` become those with one of these pixels. */
function cover(pixels: Places, tiles: Places): void {
  tiles.clear();
  pixels.runs((y, x0, x1) => tiles.add(y >> 1, y >> 1, x0 >> 1, x1 >> 1));
}

/** `strips` become those with a pixel of these tiles, or at most `pixels` away. */
function reach(tiles: Places, { parts, width }: Strips, pixels: number): void {
  parts.clear();
  const strip = (x: number): number => Math.floor(x / width);
  tiles.runs((y, x0, x1) =>
    parts.add(2 * y - pixels, 2 * y + 1 + pixels, strip(2 * x0 - pixels), strip(2 * x1 + 1 + pixels)),
  );
}
