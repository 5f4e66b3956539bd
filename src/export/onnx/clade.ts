// The norm of a CLADE generator in an ONNX model: a row of the class tables for each pixel, by the largest of its label channels. Nets with
// positions read the input dist [1, 2, H, W]: offsets of row and column, as src/labels/positions.ts has them.

import { labelCount, semanticNc, type Config } from "../../models/config.ts";
import type { HostState } from "../../models/weights/seeded.ts";
import type { OnnxGraph } from "./model.ts";

/** What the norms of one resolution read. */
interface Level {
  /** int64 [1,h,w] */
  readonly ids: string;
  readonly edge?: string;
  readonly dist?: string;
}

export class CladeNorms {
  private readonly levels = new Map<string, Level>();
  private readonly dist: string | undefined;

  /** @param resize records a nearest resize by a factor */
  constructor(
    private readonly g: OnnxGraph,
    private readonly config: Config,
    private readonly state: HostState,
    private readonly size: { h: number; w: number },
    private readonly resize: (name: string, x: string, scale: number) => string,
  ) {
    if (config.add_dist) this.dist = g.input("dist", [1, 2, size.h, size.w]);
  }

  /** Adds the scale and shift of a norm, and the channel of edges if the net has it. @param seg the labels of height h */
  apply(name: string, normal: string, seg: string, h: number): string {
    const { g } = this;
    const affine = `${name}.class_specified_affine`;
    const { ids, edge, dist } = this.level(seg, h);
    const rows = (part: "weight" | "bias", conv: string): string => {
      const { shape, data } = this.state.get(`${affine}.${part}`)!;
      const table = g.constant(`${affine}.${part}`, shape, () => data);
      const gathered = g.node("Gather", `${affine}.${part}_rows`, [table, ids], { axis: { int: 0 } });
      const row = g.node("Transpose", `${affine}.${part}_map`, [gathered], { perm: { ints: [0, 3, 1, 2] } });
      return dist
        ? g.node("Mul", `${affine}.${part}_placed`, [row, this.pointwise(`${affine}.${conv}`, dist, 1)])
        : row;
    };
    const scaled = g.node("Mul", `${name}.scaled`, [normal, rows("weight", "dist_conv_w")]);
    const y = g.node("Add", edge ? `${name}.shifted` : name, [scaled, rows("bias", "dist_conv_b")]);
    return edge ? g.node("Concat", name, [y, this.pointwise(`${name}.inst_conv`, edge)], { axis: { int: 1 } }) : y;
  }

  private level(seg: string, h: number): Level {
    const known = this.levels.get(seg);
    if (known) return known;
    const { config: c, g, size } = this;
    const labels = labelCount(c);
    const part = (name: string, from: number, to: number): string => {
      const numbers = ["from", "to", "axis"].map((what, i) =>
        g.node("Constant", `${name}.${what}`, [], { value_ints: { ints: [[from, to, 1][i]] } }),
      );
      return g.node("Slice", name, [seg, ...numbers]);
    };
    const classes = c.no_instance ? seg : part(`${seg}_labels`, 0, labels);
    const made: Level = {
      ids: g.node("ArgMax", `${seg}_ids`, [classes], { axis: { int: 1 }, keepdims: { int: 0 } }),
      edge: c.no_instance ? undefined : part(`${seg}_edge`, labels, semanticNc(c)),
      dist: this.dist && (h === size.h ? this.dist : this.resize(`dist_${h}`, this.dist, h / size.h)),
    };
    this.levels.set(seg, made);
    return made;
  }

  /** A 1x1 conv to one channel, plus `more`. */
  private pointwise(name: string, x: string, more = 0): string {
    const { g, state } = this;
    const { shape, data } = state.get(`${name}.weight`)!;
    const bias = state.get(`${name}.bias`)!.data;
    const key = more ? `${name}.bias_plus_${more}` : `${name}.bias`;
    const inputs = [
      x,
      g.constant(`${name}.weight`, shape, () => data),
      g.constant(key, [1], () => bias.map((b) => b + more)),
    ];
    return g.node("Conv", name, inputs, { kernel_shape: { ints: [1, 1] }, pads: { ints: [0, 0, 0, 0] } });
  }
}
