// Which parts of a net's layers depend on pixels whose modulation has changed, worked out on the host before a picture is painted.
//
// Of a block whose input x changed in the pixels X, at a level where the pixels D have other rows of the tables than before:
//   H = grown(up(X) + D)     conv_0's result: its 3x3 windows reach one pixel
//   Y = grown(H)             conv_1's, and so the block's: the X of the next one. It holds up(X) + D, of which the shortcut is computed
// up() makes four pixels of each where the block begins with an upsampling. Convolutions compute 2x2 tiles: those with a pixel of the set. The
// other pixels of such a tile come out as they were, so they count for nothing further on. A norm is computed where the convolution behind it
// reads, in strips of rows (kernels/parts/extent.ts). Small strokes often miss the samples of the low resolutions; then all sets are empty up
// to the first level that shows the stroke.

import { blocks, type BlockSpec, type Config } from "../../models/config.ts";
import { levelKey } from "../../models/nets/table_room.ts";

/** A set of places in rows: pixels, tiles or strips. */
class Places {
  /** 1 for those in the set. */
  readonly has: Uint8Array;

  constructor(
    readonly rows: number,
    readonly columns: number,
  ) {
    this.has = new Uint8Array(rows * columns);
  }

  /** Adds those of rows [y0, y1] and columns [x0, x1] that exist. */
  add(y0: number, y1: number, x0: number, x1: number): void {
    const { rows, columns, has } = this;
    for (let y = Math.max(0, y0); y <= Math.min(rows - 1, y1); y++)
      has.fill(1, y * columns + Math.max(0, x0), y * columns + Math.min(columns - 1, x1) + 1);
  }

  /** Calls `body` with every run of places of a row: columns [x0, x1]. */
  runs(body: (y: number, x0: number, x1: number) => void): void {
    const { columns, has } = this;
    const [first, last] = [has.indexOf(1), has.lastIndexOf(1)].map((i) => Math.floor(i / columns));
    for (let y = Math.max(0, first); y <= last; y++)
      for (let x = 0; x < columns; x++) {
        const from = x;
        while (x < columns && has[y * columns + x]) x++;
        if (x > from) body(y, from, x - 1);
      }
  }

  /** Their number, and then the places: what a list of parts holds. */
  list(): Int32Array {
    const out = [0];
    this.runs((y, x0, x1) => {
      for (let x = x0; x <= x1; x++) out.push(y * this.columns + x);
    });
    out[0] = out.length - 1;
    return Int32Array.from(out);
  }
}

/** Parts to compute of a layer's result: w x h pixels each. */
interface Parts {
  readonly name: string;
  readonly places: Places;
  readonly w: number;
  readonly h: number;
  /** Multiplications of a part. */
  readonly work: number;
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

/** Of a block: the pixels that change, and what is computed for them. */
interface BlockParts {
  readonly spec: BlockSpec;
  readonly hidden: Places;
  readonly result: Places;
  readonly conv_0: Parts;
  readonly conv_1: Parts;
  readonly norms: readonly [norm_0: Parts, norm_1: Parts, norm_s?: Parts];
}

/** The parts of a generator of SPADE's blocks. Convolutions have tiles, under their names; the shortcut has those of conv_1. */
export class TilePlan {
  private readonly layers: Parts[] = [];
  private readonly blocks: readonly BlockParts[];
  private readonly picture: Parts;
  private readonly before: Parts;

  /** @param strip pixels of a norm's input in a strip */
  constructor(
    private readonly config: Config,
    strip: number,
  ) {
    const parts = (name: string, { h, w }: { h: number; w: number }, of: [w: number, h: number], work = 0): Parts => {
      const made = { name, places: new Places(Math.ceil(h / of[1]), Math.ceil(w / of[0])), w: of[0], h: of[1], work };
      this.layers.push(made);
      return made;
    };
    this.blocks = blocks(config).map((spec): BlockParts => {
      const { name, h, w, up, learned, fin, fmid, fout } = spec;
      const first = (norm: string): Parts => parts(`${name}.${norm}`, spec, [up ? 2 * strip : strip, 1]);
      const norms = [first("norm_0"), parts(`${name}.norm_1`, spec, [strip, 1])] as const;
      return {
        spec,
        hidden: new Places(h, w),
        result: new Places(h, w),
        conv_0: parts(`${name}.conv_0`, spec, [2, 2], 9 * fin * fmid),
        conv_1: parts(`${name}.conv_1`, spec, [2, 2], 9 * fmid * fout + (learned ? fin * fout : 0)),
        norms: learned ? [...norms, first("norm_s")] : [...norms],
      };
    });
    const { spec } = this.blocks.at(-1)!;
    this.before = parts("conv_img.input", spec, [strip, 1]);
    this.picture = parts("conv_img", spec, [2, 2], 9 * spec.fout * 3);
  }

  /** How many parts each layer has, by name. "conv_img.input" is the activation before conv_img. */
  sizes(): Map<string, number> {
    return new Map(this.layers.map(({ name, places }) => [name, places.has.length]));
  }

  lists(changed: Changed): Lists {
    let x: Places | undefined;
    for (const { spec, hidden, result, conv_0, conv_1, norms } of this.blocks) {
      // What norm_0 reads, for a moment in the place of the block's result.
      result.has.fill(0);
      result.has.set(changed(levelKey(spec.h, spec.w)) ?? []);
      // The first features of a net without VAE depend on 3x3 windows of labels.
      if (!x && !this.config.use_vae) {
        spread(result, 1, hidden, 1);
        add(hidden, 1, result);
      }
      if (x) add(x, spec.up ? 2 : 1, result);
      spread(result, 1, hidden, 1);
      spread(hidden, 1, result, 1);
      spread(hidden, 1, conv_0.places, 0, conv_0);
      spread(result, 1, conv_1.places, 0, conv_1);
      const tiles = [conv_0, conv_1, conv_1];
      norms.forEach((norm, i) => spread(tiles[i].places, 2, norm!.places, i < 2 ? 1 : 0, norm));
      x = result;
    }
    const { before, picture } = this;
    spread(x!, 1, picture.places, 1, picture);
    spread(picture.places, 2, before.places, 1, before);
    const of = new Map(this.layers.map(({ name, places }) => [name, places.list()]));
    const work = (count: (parts: Parts) => number): number =>
      this.layers.reduce((sum, parts) => sum + parts.work * count(parts), 0);
    const share = work(({ name }) => of.get(name)![0]) / work(({ places }) => places.has.length);
    return { of, share, tiles: of.get(picture.name)![0] };
  }
}

/** Makes `to`, whose places are w x h pixels each, those with a pixel of `from` or at most `margin` away; a place of `from` is size x size. */
function spread(from: Places, size: number, to: Places, margin: number, of = { w: 1, h: 1 }): void {
  to.has.fill(0);
  add(from, size, to, margin, of);
}

/** The same, beside those that are there. */
function add(from: Places, size: number, to: Places, margin = 0, { w, h } = { w: 1, h: 1 }): void {
  const [first, last] = [
    (at: number, side: number): number => Math.floor((at * size - margin) / side),
    (at: number, side: number): number => Math.floor((at * size + size - 1 + margin) / side),
  ];
  from.runs((y, x0, x1) => to.add(first(y, h), last(y, h), first(x0, w), last(x1, w)));
}
