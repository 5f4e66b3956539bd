// The stages of a SPADE generator as recordings (Park et al. 2019):
//   prepare       weights            sigmas, 1/std, copies of weights
//   tables WxH    weights, map       gamma and beta of every norm of a resolution, per distinct window
//   fc            weights, map       the first features of a net without VAE; with VAE and tiles, weights and style
//   image         all                the picture; with VAE the first features too
// Nothing here touches a GPU.

import { statistics } from "../../kernels/index.ts";
import { blocks, normsOf, parseNormG, type Config } from "../models/config.ts";
import {
  convLayers,
  recordFirst,
  recordImage,
  recordLabelWeights,
  recordPrepare,
  recordTables,
  resolutions,
  type LabelWeights,
  type Layers,
} from "../models/nets/generator.ts";
import { firstInputs, idsInput, levelInputs } from "../models/nets/level_inputs.ts";
import { noiseLayer, noiseValue } from "../models/nets/noise.ts";
import { levelKey, type TableRoom } from "../models/nets/table_room.ts";
import { DerivedWeights, type ConvUse } from "../models/weights/derived.ts";
import type { ParameterStore } from "../models/weights/parameters.ts";
import { extentInput, stripPixels } from "../../kernels/parts/extent.ts";
import { Graph, type HostArray, type Target, type Tensor } from "../runtime/index.ts";
import type { PainterOptions } from "./painter.ts";
import { recordOutput } from "./present/output.ts";
import type { Recording } from "./stage.ts";
import { TilePlan } from "./edits/tiles.ts";

/** The tables of one resolution. */
export interface TablesRecording extends Recording {
  readonly room: TableRoom;
  readonly tables: ReadonlyMap<string, { gamma: Tensor; beta: Tensor }>;
}

export interface FirstRecording extends Recording {
  readonly features: Tensor;
}

/** The convs whose weights may have copies, of a generator of SPADE's blocks. */
export const convUses = (c: Config, p: ParameterStore): ConvUse[] =>
  convLayers(c).map(({ name, k, h, w }) => {
    const key = p.has(`${name}.weight`) ? `${name}.weight` : `${name}.weight_orig`;
    return { name, key, k, h, w };
  });

/**
 * Convs and statistics in eval mode: constants come from `derived`, which has what recordPrepare keeps and copies of convUses.
 * @param of `running`: whether the norms have running statistics; `keyOf`: the key of a norm's statistics
 */
export function evalLayers(
  g: Graph,
  c: Config,
  p: ParameterStore,
  derived: DerivedWeights,
  of: { running?: boolean; keyOf?: (norm: string) => string } = {},
): Pick<Layers, "conv" | "normalise"> {
  const { running = parseNormG(c.norm_G).kind === "batch", keyOf = (norm: string) => norm } = of;
  const { spectral } = parseNormG(c.norm_G);
  const known = new Map<Tensor, ReturnType<typeof statistics>>();
  return {
    conv: (name) => {
      const weight = p.has(`${name}.weight`) || !spectral ? `${name}.weight` : `${name}.weight_orig`;
      return {
        w: p.tensor(g, weight),
        bias: p.has(`${name}.bias`) ? p.tensor(g, `${name}.bias`) : undefined,
        ...derived.copies(g, name),
      };
    },
    normalise: (name, x) => {
      if (!running) {
        if (!known.has(x)) known.set(x, statistics(g, { x, per: "instance" }));
        return known.get(x)!;
      }
      return {
        mean: p.tensor(g, `${keyOf(name)}.param_free_norm.running_mean`),
        rstd: derived.tensor(g, `${name}.rstd`)!,
      };
    },
  };
}

export class SpadeStages {
  readonly images: number;
  readonly derived: DerivedWeights;
  /** The parts of the image stage's layers, if a picture may compute some of them alone. */
  tiles: TilePlan | undefined;
  /** Values of inputs of the image stage that neither map nor style sets. */
  readonly fixed: Readonly<Record<string, HostArray>>;

  /** @param taps makes every block's output an output of the image stage, under the block's name */
  constructor(
    readonly target: Target,
    readonly config: Config,
    readonly parameters: ParameterStore,
    protected readonly options: Pick<PainterOptions, "images" | "taps" | "noiseSeed" | "planes" | "edits"> = {},
  ) {
    this.images = options.images ?? 1;
    if (options.edits && this.images === 1 && this.staysLocal()) this.tiles = new TilePlan(config, stripPixels(target));
    this.fixed = this.noiseValues();
    this.derived = new DerivedWeights("prepare", target, parameters, convUses(config, parameters), (g, replaced) => {
      recordPrepare(g, config, parameters, this.running(), (norm) => this.statistics(norm));
      for (const [name, made] of recordLabelWeights(g, config, parameters, (norm) => this.labels(norm)))
        g.keep(name, made);
      for (const { name } of blocks(config).flatMap(normsOf))
        replaced.push(`${this.labels(name)}.mlp_gamma.weight`, `${this.labels(name)}.mlp_beta.weight`);
    });
  }

  // What differs in other generators of SPADE's blocks. The constructor calls these, so they read nothing but what it is given.

  /** The key of a norm's label path. */
  protected labels(norm: string): string {
    return norm;
  }

  /** The key of a norm's statistics. */
  protected statistics(norm: string): string {
    return norm;
  }

  /** Whether the norms have running statistics. */
  protected running(): boolean {
    return parseNormG(this.config.norm_G).kind === "batch";
  }

  /** Whether a pixel of a layer depends on the pixels around it alone. */
  protected staysLocal(): boolean {
    return this.running() && !this.config.add_noise;
  }

  /** Values of the noise's inputs. */
  protected noiseValues(): Readonly<Record<string, HostArray>> {
    return noiseValue(this.config, this.options.noiseSeed);
  }

  protected noise(g: Graph): Layers["noise"] {
    return noiseLayer(g, this.config, this.parameters);
  }

  /** The tables that a norm reads, among those of its resolution. */
  protected tablesOf(level: TablesRecording): TablesRecording["tables"] {
    return level.tables;
  }

  tables(room: TableRoom): TablesRecording {
    const graph = new Graph(this.target);
    const tables = recordTables(
      graph,
      this.config,
      this.parameters,
      room,
      levelInputs(graph, this.config, room, this.images, { append: true }),
      this.labelWeights(graph),
      (norm) => this.labels(norm),
    );
    for (const [name, { gamma, beta }] of tables) {
      graph.keep(`${name}.gamma`, gamma);
      graph.keep(`${name}.beta`, beta);
    }
    return { name: `tables ${room.w}x${room.h}`, reads: ["weights", "map"], graph, room, tables };
  }

  private labelWeights(g: Graph): LabelWeights {
    const of = (name: string): Tensor => this.derived.tensor(g, name)!;
    return {
      shared({ h, w }) {
        const key = levelKey(h, w);
        return { w: of(`${key}.shared`), bias: of(`${key}.shared_bias`) };
      },
      pair: (norm) => of(`${norm}.pair`),
    };
  }

  /**
   * fc of a net without VAE: a 3x3 conv of the label map at the smallest size, by lookup. Of a net with VAE the image stage has it, unless
   * edits are painted in tiles: those must not wait for it.
   */
  first(): FirstRecording | undefined {
    const { config: c, images } = this;
    if (c.use_vae && !this.tiles) return undefined;
    const graph = new Graph(this.target);
    const input = c.use_vae ? { z: graph.input("z", [images, c.z_dim]) } : firstInputs(graph, c, images);
    const made = recordFirst(graph, c, this.parameters, { ...input, images });
    return { name: "fc", reads: ["weights", c.use_vae ? "style" : "map"], graph, features: graph.keep("fc", made) };
  }

  /** The picture. @param levels the tables that it reads, by levelKey */
  image(levels: ReadonlyMap<string, TablesRecording>, first: FirstRecording | undefined): Recording {
    const { config: c, images } = this;
    const graph = new Graph(this.target);
    const start = first
      ? graph.import(first.features)
      : recordFirst(graph, c, this.parameters, { z: graph.input("z", [images, c.z_dim]), images });
    const tap = this.options.taps ? (name: string, y: Tensor): void => void graph.output(name, y) : undefined;
    recordOutput(graph, recordImage(graph, c, this.layers(graph, levels), start, tap));
    return { name: "image", reads: ["weights", "map", "style"], graph };
  }

  /** The recordings of all stages, with tables of these rooms. */
  all(rooms: readonly TableRoom[]): Recording[] {
    const levels = new Map(rooms.map((room) => [levelKey(room.h, room.w), this.tables(room)]));
    const first = this.first();
    const prepare: Recording = { name: "prepare", reads: ["weights"], graph: this.derived.graph };
    this.derived.releaseOriginals();
    return [prepare, ...levels.values(), ...(first ? [first] : []), this.image(levels, first)];
  }

  /** Number of programs that a painter compiles before its first picture. */
  get count(): number {
    return resolutions(this.config).length + (this.config.use_vae && !this.tiles ? 2 : 3);
  }

  /** The layers of the image stage: constants come from `prepare`, tables from the tables stages. */
  protected layers(g: Graph, levels: ReadonlyMap<string, TablesRecording>): Layers {
    const imported = new Map<Tensor, Tensor>();
    const bring = (t: Tensor): Tensor => {
      if (!imported.has(t)) imported.set(t, g.import(t));
      return imported.get(t)!;
    };
    const sizes = new Map<string, string>(
      blocks(this.config).flatMap((b) =>
        ["norm_0", "norm_1", "norm_s"].map((n): [string, string] => [`${b.name}.${n}`, levelKey(b.h, b.w)]),
      ),
    );
    const idTensors = new Map<string, Tensor>();
    const parts = this.tiles?.sizes();
    return {
      noise: this.noise(g),
      extents: parts && new Map([...parts].map(([name, n]) => [name, extentInput(g, name, n)])),
      ...evalLayers(g, this.config, this.parameters, this.derived, {
        running: this.running(),
        keyOf: (norm) => this.statistics(norm),
      }),
      table: (name) => {
        const { gamma, beta } = this.tablesOf(levels.get(sizes.get(name)!)!).get(name)!;
        return { gamma: bring(gamma), beta: bring(beta) };
      },
      ids: (h, w) => {
        const key = levelKey(h, w);
        if (!idTensors.has(key)) idTensors.set(key, idsInput(g, { h, w }, this.images));
        return idTensors.get(key)!;
      },
    };
  }
}
