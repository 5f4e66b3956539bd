// A generator ready to paint: its programs, its tables, its memory. The label path runs when the map changes, the image path for
// every z. Tables have a capacity; a map that outgrows it re-records once and keeps the larger tables. A level that has been made both
// by lookup and densely keeps both, so that maps which alternate record nothing but the image path.

import { statistics } from "../../kernels/index.ts";
import { deriveWeights } from "../../kernels/conv2d.ts";
import { pixelWindows } from "../labels/pixel_windows.ts";
import type { LevelWindows } from "../labels/windows.ts";
import {
  bytesOf,
  Graph,
  Program,
  runPrograms,
  SpadeError,
  type Device,
  type Profile,
  type RunOptions,
  type Storage,
  type Tensor,
} from "../runtime/index.ts";
import { blocks, latentSize, parseNormG, type Config } from "../models/config.ts";
import { outputSize } from "../models/kinds.ts";
import {
  convLayers,
  recordFirst,
  recordImage,
  recordPrepare,
  recordTables,
  resolutions,
  type Layers,
  type LevelInputs,
} from "../models/nets/generator.ts";
import { levelKey, type LevelPlan } from "../models/nets/level_plan.ts";
import { firstPlan, planLevel } from "./levels.ts";
import { CompileProgress, type Painter, type RunnerMemory, type RunnerOptions } from "./painter.ts";
import type { Parameters } from "../models/weights/parameters.ts";

interface Level {
  readonly plan: LevelPlan;
  readonly program: Program;
  readonly tables: ReadonlyMap<string, { gamma: Tensor; beta: Tensor }>;
  /** i32 [N,h,w]: rows of the tables, one a pixel. */
  readonly ids: Storage;
  run: RunOptions;
}

export class GeneratorRunner implements Painter {
  readonly images: number;
  /** The tables that the map at hand uses. */
  private readonly levels = new Map<string, Level>();
  /** Those of the other mode, for maps that want it again. */
  private readonly spare = new Map<string, Level>();
  private readonly taps: boolean;
  private readonly progress: CompileProgress;
  private prepared!: Program;
  private readonly derived = new Map<string, Tensor>();
  private first: { program: Program; result: Tensor } | undefined;
  private image: Program | undefined;
  private mapped = false;
  private tablesFresh = false;

  private constructor(
    readonly device: Device,
    readonly config: Config,
    readonly parameters: Parameters,
    options: RunnerOptions,
  ) {
    this.images = options.images ?? 1;
    this.taps = options.taps ?? false;
    // prepare, the tables of each resolution, fc without VAE, the image.
    const programs = resolutions(config).length + (config.use_vae ? 2 : 3);
    this.progress = new CompileProgress(programs, options.onProgress);
  }

  /** Computes what depends on the weights alone. Convs that get a Winograd copy give up their original. */
  static async create(
    device: Device,
    config: Config,
    parameters: Parameters,
    options: RunnerOptions = {},
  ): Promise<GeneratorRunner> {
    const r = new GeneratorRunner(device, config, parameters, options);
    const g = new Graph(device.target);
    recordPrepare(g, config, parameters);
    const replaced: string[] = [];
    for (const layer of convLayers(config)) {
      const key = parameters.has(`${layer.name}.weight`) ? `${layer.name}.weight` : `${layer.name}.weight_orig`;
      const copies = g.scope(layer.name, () => deriveWeights(g, parameters.tensor(g, key), layer));
      for (const [kind, t] of Object.entries(copies)) g.keep(`${layer.name}.${kind}`, t);
      if (Object.keys(copies).length) replaced.push(key);
    }
    r.prepared = await Program.compile(g, device, { name: "prepare", onProgress: r.progress.pipelines });
    await r.prepared.run();
    await device.gpu.queue.onSubmittedWorkDone();
    for (const [name, t] of g.kept) r.derived.set(name, t);
    parameters.release(replaced);
    return r;
  }

  /** Height and width of the picture. */
  get size(): { h: number; w: number } {
    return outputSize(this.config);
  }

  /** Compiles what the usual map needs, so that the first picture waits for no compiler. A map that needs more gets it in setMap. */
  async warm(signal?: AbortSignal): Promise<void> {
    for (const { h, w } of resolutions(this.config)) {
      signal?.throwIfAborted();
      const key = levelKey(h, w);
      if (!this.levels.has(key)) this.take(key, await this.compileLevel(firstPlan({ h, w, images: this.images })));
    }
    await this.compileRest(signal);
  }

  /**
   * Takes a map's dictionary, one entry a resolution, the smallest first. Nothing runs on the GPU but uploads; programs are made if
   * the map needs larger tables than the last one. The arrays are read before the promise resolves and not kept. After an abort
   * there is no map at hand.
   */
  async setMap(windows: readonly LevelWindows[], signal?: AbortSignal): Promise<void> {
    this.device.check("setMap");
    this.mapped = this.tablesFresh = false;
    for (const lw of windows) {
      signal?.throwIfAborted();
      const key = levelKey(lw.h, lw.w);
      const known = [this.levels.get(key), this.spare.get(key)];
      const plan = planLevel(lw, known[0]?.plan, known[1]?.plan);
      // The new one first: if it fails, the old tables are still there.
      const level = known.find((l) => l?.plan === plan) ?? (await this.compileLevel(plan));
      if (level !== known[0]) this.take(key, level);
      this.fill(level, lw);
    }
    await this.compileRest(signal);
    this.first?.program.setInput("windows", pixelWindows(windows[0].codes, this.images, windows[0].h, windows[0].w));
    this.mapped = true;
  }

  /** Makes a level the one at hand. Of what there was, the other mode's stays; the image path is bound to tables and goes. */
  private take(key: string, level: Level): void {
    this.image?.dispose();
    this.image = undefined;
    const before = [this.levels.get(key), this.spare.get(key)];
    this.levels.set(key, level);
    this.spare.delete(key);
    for (const l of before) {
      if (!l || l === level) continue;
      if (l.plan.mode !== level.plan.mode) this.spare.set(key, l);
      else this.drop(l);
    }
  }

  private drop(level: Level): void {
    level.program.dispose();
    this.device.free(level.ids);
  }

  /** What is not there yet beside the tables: fc of a net without VAE, the image path. */
  private async compileRest(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (!this.config.use_vae) this.first ??= await this.compileFirst();
    signal?.throwIfAborted();
    this.image ??= await this.compileImage();
  }

  private async compileLevel(plan: LevelPlan): Promise<Level> {
    const g = new Graph(this.device.target);
    const k = parseNormG(this.config.norm_G).k;
    const inputs: LevelInputs = { innerWindows: g.input("inner", [plan.inner.capacity, k * k], "i32", true) };
    if (plan.mode === "lookup") inputs.outerWindows = g.input("outer", [plan.outer.capacity, k * k], "i32", true);
    else inputs.innerIds = g.input("ids", [this.images, plan.h, plan.w], "i32");
    const tables = recordTables(g, this.config, this.parameters, plan, inputs);
    for (const [name, { gamma, beta }] of tables) {
      g.keep(`${name}.gamma`, gamma);
      g.keep(`${name}.beta`, beta);
    }
    const name = `tables ${plan.w}x${plan.h}`;
    const ids = await this.device.guard(name, () =>
      this.device.alloc(`${name} ids`, bytesOf([this.images, plan.h, plan.w], "i32")),
    );
    let program: Program;
    try {
      program = await Program.compile(g, this.device, { name, onProgress: this.progress.pipelines });
    } catch (error) {
      this.device.free(ids);
      throw error;
    }
    if (plan.mode === "dense")
      this.device.upload(
        ids,
        Int32Array.from({ length: this.images * plan.h * plan.w }, (_, i) => i),
      );
    return { plan, program, tables, ids, run: {} };
  }

  private fill(level: Level, lw: LevelWindows): void {
    const { plan, program } = level;
    program.setInput("inner", lw.innerWindows);
    if (plan.mode === "lookup") {
      program.setInput("outer", lw.outerWindows);
      this.device.upload(level.ids, lw.outerIds);
      level.run = { counts: { [plan.inner.name]: lw.innerCount, [plan.outer.name]: lw.outerCount } };
    } else {
      program.setInput("ids", lw.innerIds);
      level.run = { counts: { [plan.inner.name]: lw.innerCount, [plan.outer.name]: plan.outer.capacity } };
    }
  }

  /** fc of a net without VAE: a 3x3 conv of the label map at the smallest size, by lookup. */
  private async compileFirst(): Promise<{ program: Program; result: Tensor }> {
    const { h, w } = latentSize(this.config);
    const g = new Graph(this.device.target);
    const windows = g.input("windows", [this.images * h * w, 9], "i32");
    const result = g.keep("fc", recordFirst(g, this.config, this.parameters, { windows, images: this.images }));
    return {
      program: await Program.compile(g, this.device, { name: "fc", onProgress: this.progress.pipelines }),
      result,
    };
  }

  private async compileImage(): Promise<Program> {
    const g = new Graph(this.device.target);
    const c = this.config;
    const first = this.first
      ? g.import(this.first.result)
      : recordFirst(g, c, this.parameters, { z: g.input("z", [this.images, c.z_dim]), images: this.images });
    const image = recordImage(g, c, this.layers(g), first, this.taps ? (name, y) => g.output(name, y) : undefined);
    g.output("image", image);
    return Program.compile(g, this.device, { name: "image", onProgress: this.progress.pipelines });
  }

  /** Layers whose constants come from `prepare` and whose tables come from the label programs. */
  private layers(g: Graph): Layers {
    const imported = new Map<Tensor, Tensor>();
    const bring = (t: Tensor): Tensor => {
      if (!imported.has(t)) imported.set(t, g.import(t));
      return imported.get(t)!;
    };
    const derived = (name: string): Tensor | undefined => {
      const t = this.derived.get(name);
      return t && bring(t);
    };
    const { spectral, kind } = parseNormG(this.config.norm_G);
    const p = this.parameters;
    const sizes = new Map<string, string>(
      blocks(this.config).flatMap((b) =>
        ["norm_0", "norm_1", "norm_s"].map((n): [string, string] => [`${b.name}.${n}`, levelKey(b.h, b.w)]),
      ),
    );
    const idTensors = new Map<string, Tensor>();
    const known = new Map<Tensor, ReturnType<typeof statistics>>();
    return {
      conv: (name) => {
        const weight = p.has(`${name}.weight`) || !spectral ? `${name}.weight` : `${name}.weight_orig`;
        return {
          w: p.tensor(g, weight),
          bias: p.has(`${name}.bias`) ? p.tensor(g, `${name}.bias`) : undefined,
          sigma: derived(`${name}.sigma`),
          winograd: derived(`${name}.winograd`),
          blocked: derived(`${name}.blocked`),
        };
      },
      normalise: (name, x) => {
        if (kind === "instance") {
          if (!known.has(x)) known.set(x, statistics(g, { x, per: "instance" }));
          return known.get(x)!;
        }
        return { mean: p.tensor(g, `${name}.param_free_norm.running_mean`), rstd: derived(`${name}.rstd`)! };
      },
      table: (name) => {
        const { gamma, beta } = this.levels.get(sizes.get(name)!)!.tables.get(name)!;
        return { gamma: bring(gamma), beta: bring(beta) };
      },
      ids: (h, w) => {
        const key = levelKey(h, w);
        if (!idTensors.has(key))
          idTensors.set(key, g.external(`ids ${key}`, [this.images, h, w], "i32", this.levels.get(key)!.ids));
        return idTensors.get(key)!;
      },
    };
  }

  /** Programs of the label path, in order. */
  private labelPrograms(): Program[] {
    return [...(this.first ? [this.first.program] : []), ...[...this.levels.values()].map((l) => l.program)];
  }

  /** Runs the label path for the map at hand; waits for it. */
  async runTables(how: Pick<RunOptions, "slice" | "signal"> = {}): Promise<void> {
    const options = new Map([...this.levels.values()].map((l) => [l.program, l.run]));
    await runPrograms(this.labelPrograms(), options, how);
    await this.device.gpu.queue.onSubmittedWorkDone();
    this.device.check("tables");
    this.tablesFresh = true;
  }

  /**
   * Paints the map at hand. Tables are made first if the map is new.
   * @param z [N, z_dim] for nets with VAE
   * @returns [N,H,W,3] in [-1,1]
   */
  async paint(z?: Float32Array, how: Pick<RunOptions, "slice" | "signal"> = {}): Promise<Float32Array> {
    if (!this.image || !this.mapped)
      throw new SpadeError("usage", "paint", "there is no label map yet", "call setMap first");
    if (!this.tablesFresh) await this.runTables(how);
    await this.image.run({ ...how, inputs: z ? { z } : {} });
    return this.image.read("image");
  }

  /** Output of a block in the last picture, [N,h,w,C]; the runner must have been made with `taps`. */
  readBlock(name: string): Promise<Float32Array> {
    return this.image!.read(name);
  }

  /** Dispatch times of the label path and of the image path. */
  async profile(z?: Float32Array): Promise<Profile[]> {
    const out: Profile[] = [];
    for (const p of this.labelPrograms())
      out.push(await p.profile([...this.levels.values()].find((l) => l.program === p)?.run));
    out.push(await this.image!.profile({ inputs: z ? { z } : {} }));
    return out;
  }

  get memory(): RunnerMemory {
    let tables = 0;
    for (const l of [...this.levels.values(), ...this.spare.values()]) tables += l.program.memory.peak + l.ids.bytes;
    return {
      parameters: this.parameters.bytes,
      derived: this.prepared.memory.peak,
      tables,
      activations: this.image?.memory.peak ?? 0,
    };
  }

  /** The memory plans as text, program by program. */
  describeMemory(): string {
    return [...this.labelPrograms(), ...(this.image ? [this.image] : [])]
      .map((p) => `${p.name}: ${p.describeMemory(8)}`)
      .join("\n");
  }

  dispose(): void {
    for (const l of [...this.levels.values(), ...this.spare.values()]) this.drop(l);
    this.levels.clear();
    this.spare.clear();
    this.first?.program.dispose();
    this.image?.dispose();
    this.prepared.dispose();
    this.parameters.dispose();
  }
}
