// Exports the SPADE or CLADE generator in evaluation mode as an ONNX model of standard operators (opset 17).
//
//   inputs   seg    [1, semantic_nc, H, W]  one-hot labels, then don't-care, then the instance edge, as in upstream
//            z      [1, z_dim]              only with use_vae
//            <norm>.noise [1, 1, h, w]      only with add_noise: a standard normal plane for each norm
//            dist   [1, 2, H, W]            only with add_dist: positions
//   output   image  [1, 3, H, W]            in [-1, 1]
//
// Constants are folded into the weights: W / sigma for spectrally normalised layers, and the 1 of 1 + gamma into
// gamma's bias. The map is resized once per level. A level's size is the map's size divided by a power of two, so
// Resize (nearest, asymmetric, floor) reads the same pixels as torch's nearest.

import type { BlockSpec, Config } from "../../models/config.ts";
import { blocks, convsOf, latentSize, normsOf, parseNormG, semanticNc, storedForm } from "../../models/config.ts";
import { cladeKeys } from "../../models/clade/keys.ts";
import { netOf, outputSize } from "../../models/kinds.ts";
import type { HostState } from "../../models/weights/seeded.ts";
import { spectralSigma } from "../../models/weights/seeded.ts";
import { SpadeError } from "../../runtime/errors.ts";
import { CladeNorms } from "./clade.ts";
import type { Attribute } from "./model.ts";
import { modelChunks, OnnxGraph } from "./model.ts";

const NEAREST: Record<string, Attribute> = {
  mode: { string: "nearest" },
  coordinate_transformation_mode: { string: "asymmetric" },
  nearest_mode: { string: "floor" },
};
const EPSILON: Record<string, Attribute> = { epsilon: { float: Math.fround(1e-5) } };
const LEAK: Record<string, Attribute> = { alpha: { float: Math.fround(0.2) } };

/** Yields the model file in pieces. `state` holds float32 tensors under upstream's key names. */
export function exportGenerator(config: Config, state: HostState): Generator<Uint8Array, void> {
  return modelChunks(generatorGraph(config, state));
}

/** The planes that a net with add_noise reads: the inputs' names, and the norms with their sizes. */
export function noisePlanes(c: Config): { input: string; norm: string; h: number; w: number }[] {
  if (!c.add_noise) return [];
  return blocks(c).flatMap((b) =>
    normsOf(b).map(({ name }) => ({ input: `${name}.noise`, norm: name, h: b.h, w: b.w })),
  );
}

export function generatorGraph(config: Config, state: HostState): OnnxGraph {
  checkState(config, state);
  const { h: height, w: width } = outputSize(config);
  const g = new OnnxGraph("spade_generator", { config: JSON.stringify(storedForm(config)) });
  const seg = g.input("seg", [1, semanticNc(config), height, width]);
  const layers = new Layers(g, config, state);
  const levels = new Map<number, string>();
  const level = (h: number): string => {
    const known = h === height ? seg : levels.get(h);
    if (known) return known;
    const made = resize(g, `seg_${h}`, seg, h / height);
    levels.set(h, made);
    return made;
  };

  const { h, w } = latentSize(config);
  let x: string;
  if (config.use_vae) {
    const z = g.input("z", [1, config.z_dim]);
    const wide = g.node("Gemm", "fc", [z, layers.tensor("fc.weight"), layers.tensor("fc.bias")], {
      transB: { int: 1 },
    });
    x = reshape(g, "fc_map", wide, [1, 16 * config.ngf, h, w]);
  } else {
    x = layers.conv("fc", level(h), 3, true);
  }
  for (const b of blocks(config)) {
    if (b.up) x = resize(g, `${b.name}.up`, x, 2);
    x = layers.block(b, x, level(b.h));
  }
  x = g.node("LeakyRelu", "conv_img.leaky", [x], LEAK);
  g.node("Tanh", "tanh", [layers.conv("conv_img", x, 3, true)], {}, "image");
  g.output("image", [1, 3, height, width]);
  return g;
}

class Layers {
  private readonly norm;
  private readonly planes;
  private readonly clade: CladeNorms | undefined;

  constructor(
    private readonly g: OnnxGraph,
    config: Config,
    private readonly state: HostState,
  ) {
    const shapes = new Map([...state].map(([key, { shape }]) => [key, shape]));
    if (cladeKeys(shapes))
      this.clade = new CladeNorms(g, config, state, outputSize(config), (name, x, scale) => resize(g, name, x, scale));
    this.norm = parseNormG(config.norm_G);
    this.planes = new Map(noisePlanes(config).map((plane) => [plane.norm, plane]));
  }

  /** Adds a tensor of the state, unchanged, as a constant. */
  tensor(key: string): string {
    const { shape, data } = this.state.get(key)!;
    return this.g.constant(key, shape, () => data);
  }

  conv(name: string, x: string, k: number, bias: boolean): string {
    const inputs = [x, this.weight(name)];
    if (bias) inputs.push(this.tensor(`${name}.bias`));
    return this.convolve(name, inputs, k);
  }

  block(b: BlockSpec, x: string, seg: string): string {
    const [conv0, conv1, convS] = convsOf(b);
    const shortcut = convS
      ? this.conv(convS.name, this.modulated(`${b.name}.norm_s`, b.fin, x, seg, b.h), 1, false)
      : x;
    const path = [
      { conv: conv0, norm: `${b.name}.norm_0`, channels: b.fin },
      { conv: conv1, norm: `${b.name}.norm_1`, channels: b.fmid },
    ];
    let dx = x;
    for (const { conv, norm, channels } of path) {
      const leaky = this.g.node("LeakyRelu", `${norm}.leaky`, [this.modulated(norm, channels, dx, seg, b.h)], LEAK);
      dx = this.conv(conv.name, leaky, conv.k, conv.bias);
    }
    return this.g.node("Add", b.name, [shortcut, dx]);
  }

  /** A norm with what its labels do. @param seg the labels of its height h */
  private modulated(name: string, channels: number, x: string, seg: string, h: number): string {
    const normal = this.normalised(name, channels, x);
    return this.clade ? this.clade.apply(name, normal, seg, h) : this.spade(name, channels, normal, seg);
  }

  private normalised(name: string, channels: number, x: string): string {
    const { g } = this;
    const { kind } = this.norm;
    const ones = g.constant(`ones_${channels}`, [channels], () => new Float32Array(channels).fill(1));
    const zeros = g.constant(`zeros_${channels}`, [channels], () => new Float32Array(channels));
    const free = `${name}.param_free_norm`;
    const noisy = this.addNoise(name, channels, x);
    return kind === "instance"
      ? g.node("InstanceNormalization", free, [noisy, ones, zeros], EPSILON)
      : g.node(
          "BatchNormalization",
          free,
          [noisy, ones, zeros, this.tensor(`${free}.running_mean`), this.tensor(`${free}.running_var`)],
          EPSILON,
        );
  }

  private spade(name: string, channels: number, normal: string, seg: string): string {
    const { g } = this;
    const { k } = this.norm;
    const hidden = g.node("Relu", `${name}.mlp_shared.1`, [this.conv(`${name}.mlp_shared.0`, seg, k, true)]);
    const gammaBias = this.state.get(`${name}.mlp_gamma.bias`)!.data;
    const scale = this.convolve(
      `${name}.mlp_gamma`,
      [
        hidden,
        this.tensor(`${name}.mlp_gamma.weight`),
        g.constant(`${name}.mlp_gamma.bias_plus_1`, [channels], () => gammaBias.map((b) => b + 1)),
      ],
      k,
    );
    const beta = this.conv(`${name}.mlp_beta`, hidden, k, true);
    return g.node("Add", name, [g.node("Mul", `${name}.scaled`, [normal, scale]), beta]);
  }

  /** Adds the norm's plane, weighted for each channel; without add_noise nothing. */
  private addNoise(name: string, channels: number, x: string): string {
    const { g } = this;
    const plane = this.planes.get(name);
    if (!plane) return x;
    const { data } = this.state.get(`${name}.noise_var`)!;
    const factors = g.constant(`${name}.noise_var`, [1, channels, 1, 1], () => data);
    const weighted = g.node("Mul", `${name}.weighted`, [g.input(plane.input, [1, 1, plane.h, plane.w]), factors]);
    return g.node("Add", `${name}.noisy`, [x, weighted]);
  }

  private convolve(name: string, inputs: string[], k: number): string {
    const pad = k >> 1;
    return this.g.node("Conv", name, inputs, { kernel_shape: { ints: [k, k] }, pads: { ints: [pad, pad, pad, pad] } });
  }

  /** Adds W, or W / sigma if the layer is spectrally normalised. */
  private weight(name: string): string {
    if (this.state.has(`${name}.weight`)) return this.tensor(`${name}.weight`);
    const { shape, data } = this.state.get(`${name}.weight_orig`)!;
    return this.g.constant(`${name}.weight`, shape, () => {
      const sigma = spectralSigma(this.state, name);
      return data.map((w) => w / sigma);
    });
  }
}

function resize(g: OnnxGraph, name: string, x: string, scale: number): string {
  const scales = g.constant(`scales_${scale}`, [4], () => Float32Array.of(1, 1, scale, scale));
  return g.node("Resize", name, [x, "", scales], NEAREST);
}

/** Adds a Reshape. Its shape must be int64, unlike all other tensors here, so a Constant node holds it. */
function reshape(g: OnnxGraph, name: string, x: string, shape: number[]): string {
  return g.node("Reshape", name, [x, g.node("Constant", `${name}.shape`, [], { value_ints: { ints: shape } })]);
}

/**
 * Checks that `state` has every tensor of the config, in its shape. A layer may hold `weight`, already divided by
 * sigma, instead.
 */
function checkState(config: Config, state: HostState): void {
  for (const [key, shape] of netOf(config).shapes) {
    const given = /\.weight_[uv]$|\.weight_orig$/.test(key) ? key.replace(/_(orig|u|v)$/, "") : key;
    const folded = given !== key && state.has(given);
    if (folded && !key.endsWith("_orig")) continue;
    const found = state.get(folded ? given : key)?.shape;
    if (found && found.length === shape.length && found.every((d, i) => d === shape[i])) continue;
    throw new SpadeError(
      "shape",
      key,
      found ? `is [${found.join(", ")}], the net asks for [${shape.join(", ")}]` : "is missing from the weights",
      "check that the configuration is the one that the weights were trained with",
    );
  }
}
