// The painter of SPADE generators. Tables have a capacity; for a map that exceeds it, the level is recorded again with larger tables,
// which stay. A level that was used in both modes, lookup and dense, keeps both tables, so that switching re-records only the image.

import type { LevelWindows } from "../labels/windows.ts";
import type { Config } from "../models/config.ts";
import { outputSize } from "../models/kinds.ts";
import { resolutions } from "../models/nets/generator.ts";
import { firstValues, idsValue } from "../models/nets/level_inputs.ts";
import { levelKey, type TableRoom } from "../models/nets/table_room.ts";
import type { ParameterStore } from "../models/weights/parameters.ts";
import {
  pipelineRequests,
  polite,
  requestPipelines,
  SpadeError,
  type Device,
  type Graph,
  type HostArray,
  type Target,
} from "../runtime/index.ts";
import { usualRoom, roomFor } from "./choose_room.ts";
import {
  CompileProgress,
  prepare,
  readingNumbers,
  type Painter,
  type PainterMemory,
  type PainterOptions,
} from "./painter.ts";
import { Edits } from "./edits/edits.ts";
import { Output } from "./present/output.ts";
import { SpadeStages, type FirstRecording, type TablesRecording } from "./spade_stages.ts";
import { runStale, Stage, type Recording, type RunHow } from "./stage.ts";
import { TableRows } from "./table_rows.ts";

/** The recordings of a typical map. */
interface UsualRecordings {
  readonly levels: ReadonlyMap<string, TablesRecording>;
  readonly first: FirstRecording | undefined;
  readonly image: Recording;
}

export class SpadePainter implements Painter {
  /** The tables of the current map, by levelKey. */
  protected readonly levels = new Map<string, TableRows>();
  /** The tables of the other mode, kept for maps that need that mode again. */
  private readonly spare = new Map<string, TableRows>();
  private first: Stage<FirstRecording> | undefined;
  protected image: Stage | undefined;
  private mapped = false;
  private style: Float32Array | undefined;
  private edits: Edits | undefined;
  tiles: number | null = null;

  protected constructor(
    readonly device: Device,
    readonly config: Config,
    readonly parameters: ParameterStore,
    protected readonly recorder: SpadeStages,
    private readonly progress: CompileProgress,
    readonly prepared: Promise<void>,
    /** Recorded, and not compiled yet. */
    private usual?: UsualRecordings,
  ) {}

  /** What records the stages. */
  protected static get Stages(): typeof SpadeStages {
    return SpadeStages;
  }

  /** Without `weights` it is prepared when it resolves. */
  static async create(
    device: Device,
    config: Config,
    parameters: ParameterStore,
    options: PainterOptions = {},
  ): Promise<SpadePainter> {
    const breathe = polite();
    const stages = new this.Stages(device.target, config, parameters, options);
    await breathe();
    const progress = new CompileProgress(stages.count, options.onProgress);
    const { weights } = options;
    if (weights) stages.derived.uploadFrom(weights.source, weights.onProgress);
    await breathe();
    // While the weights arrive, all pipelines are compiled together.
    const usual = weights && (await SpadePainter.request(device, stages, breathe));
    await stages.derived.compile(progress.pipelines);
    const prepared = prepare(stages.derived);
    if (!weights) await prepared;
    return new this(device, config, parameters, stages, progress, prepared, usual);
  }

  /** Records what a typical map needs, and asks for its pipelines: those of the weights' preparation first, which their upload waits for. */
  private static async request(
    device: Device,
    stages: SpadeStages,
    breathe: ReturnType<typeof polite>,
  ): Promise<UsualRecordings> {
    const graphs: Graph[] = [];
    const kept = async <R extends Recording>(recording: R): Promise<R> => {
      await breathe();
      pipelineRequests(recording.graph, device);
      graphs.push(recording.graph);
      await breathe();
      return recording;
    };
    requestPipelines([stages.derived.graph], device);
    const levels = new Map<string, TablesRecording>();
    for (const size of resolutions(stages.config))
      levels.set(levelKey(size.h, size.w), await kept(stages.tables(usualRoom({ ...size, images: stages.images }))));
    const first = stages.first();
    if (first) await kept(first);
    const image = await kept(stages.image(levels, first));
    requestPipelines(graphs, device);
    return { levels, first, image };
  }

  /**
   * The recordings for a map's dictionary; without one, for a typical map.
   * @param parameters not allocated (ParameterStore.onPaper), or with all originals
   */
  static record(
    target: Target,
    config: Config,
    parameters: ParameterStore,
    windows?: readonly LevelWindows[],
    options?: PainterOptions,
  ): Recording[] {
    const stages = new this.Stages(target, config, parameters, options);
    const usual = (): TableRoom[] => resolutions(config).map((size) => usualRoom({ ...size, images: stages.images }));
    return stages.all(windows ? windows.map((lw) => roomFor(lw)) : usual());
  }

  get size(): { h: number; w: number } {
    return outputSize(this.config);
  }

  async warm(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const compiled = await Promise.allSettled(
      resolutions(this.config).map(async ({ h, w }) => {
        const key = levelKey(h, w);
        if (this.levels.has(key)) return;
        const tables =
          this.usual?.levels.get(key) ?? this.recorder.tables(usualRoom({ h, w, images: this.recorder.images }));
        this.take(key, new TableRows(await this.compile(tables)));
      }),
    );
    for (const result of compiled) if (result.status === "rejected") throw result.reason;
    // A map that came before may have made other tables current.
    const { usual } = this;
    const current = usual && [...this.levels].every(([key, { stage }]) => stage.recording === usual.levels.get(key));
    await this.compileRest(signal, current ? usual : undefined);
    this.usual = undefined;
  }

  async setMap(windows: readonly LevelWindows[], signal?: AbortSignal): Promise<{ newWindows: number }> {
    this.device.check("setMap");
    this.mapped = false;
    const filled: [TableRoom, LevelWindows][] = [];
    let newWindows = 0;
    for (const lw of windows) {
      signal?.throwIfAborted();
      const [level, current] = await this.levelFor(lw);
      newWindows += level.fill(current);
      filled.push([level.room, current]);
    }
    await this.compileRest(signal);
    if (!this.config.use_vae) this.first?.set(firstValues(windows[0]));
    this.first?.change("map");
    for (const [room, lw] of filled) this.image!.set(this.pixelRows(room, lw));
    this.image!.change("map");
    this.edits?.setMap(filled.map(([, lw]) => lw));
    this.mapped = true;
    return { newWindows };
  }

  /** The value of the image's input of a resolution: for each pixel its row in the tables. */
  protected pixelRows(room: TableRoom, lw: LevelWindows): Record<string, HostArray> {
    return idsValue(room, lw);
  }

  /** Makes the tables with room for the map's windows current; gives them, and the dictionary, renumbered if its ids do not fit. */
  private async levelFor(lw: LevelWindows): Promise<[TableRows, LevelWindows]> {
    const key = levelKey(lw.h, lw.w);
    const known = [this.levels.get(key), this.spare.get(key)];
    const room = roomFor(lw, known[0]?.room, known[1]?.room);
    // Compile before replacing: if it fails, the old tables are still there.
    const level = known.find((l) => l?.room === room) ?? new TableRows(await this.compile(this.recorder.tables(room)));
    if (level !== known[0]) this.take(key, level);
    return [level, level.fits(lw) ? lw : lw.live!.anew()];
  }

  setStyle(z: Float32Array): void {
    if (!this.image) throw new SpadeError("usage", "setStyle", "there is no label map yet", "call setMap first");
    this.image.change("style");
    const { style } = this;
    // With every edit comes the style that is there.
    if (style?.length === z.length && z.every((v, i) => v === style[i])) return;
    (this.first ?? this.image).set({ z });
    this.first?.change("style");
    this.style = z.slice();
    this.edits?.forget();
  }

  protected get takesStyle(): boolean {
    return this.config.use_vae;
  }

  protected compile<R extends Recording>(recording: R): Promise<Stage<R>> {
    return Stage.compile(recording, this.device, this.progress.pipelines);
  }

  get stages(): Stage[] {
    const ofStyle = this.first && this.config.use_vae ? [this.first] : [];
    return [...ofStyle, ...this.ofMap(), ...(this.image ? [this.image] : [])];
  }

  protected ofMap(): Stage[] {
    const first = this.config.use_vae ? undefined : this.first;
    return [...(first ? [first] : []), ...[...this.levels.values()].map((l) => l.stage)];
  }

  /**
   * Makes `level` current. The previous level becomes the spare if its mode differs, else it is freed. The image program is dropped: its
   * bind groups point at the old tables.
   */
  protected take(key: string, level: TableRows): void {
    this.image?.dispose();
    this.image = this.style = undefined;
    const before = [this.levels.get(key), this.spare.get(key)];
    this.levels.set(key, level);
    this.spare.delete(key);
    for (const l of before) {
      if (!l || l === level) continue;
      if (l.room.mode !== level.room.mode) this.spare.set(key, l);
      else l.stage.dispose();
    }
  }

  /** Compiles the missing programs other than tables: fc of a net without VAE, and the image. */
  protected async compileRest(signal: AbortSignal | undefined, usual?: UsualRecordings): Promise<void> {
    signal?.throwIfAborted();
    const first = this.first ? undefined : (usual?.first ?? this.recorder.first());
    if (first) this.first = await this.compile(first);
    signal?.throwIfAborted();
    if (this.image) return;
    const levels = new Map([...this.levels].map(([key, { stage }]) => [key, stage.recording]));
    const record = (): Recording => this.recorder.image(levels, this.first?.recording);
    this.image = await this.compile(usual?.image ?? record()).catch((error: unknown) => {
      // Without room for layers that are kept every picture is computed whole.
      if (!this.recorder.tiles || !(error instanceof SpadeError && error.code === "out-of-memory")) throw error;
      this.recorder.tiles = undefined;
      return this.compile(record());
    });
    this.edits = this.recorder.tiles && new Edits(this.recorder.tiles);
    this.tiles = null;
    this.image.set(this.recorder.fixed);
  }

  async runTables(): Promise<void> {
    await runStale(this.ofMap());
    await this.device.gpu.queue.onSubmittedWorkDone();
    this.device.check("tables");
  }

  async run(how: RunHow = {}): Promise<void> {
    if (!this.image || !this.mapped)
      throw new SpadeError("usage", "paint", "there is no label map yet", "call setMap first");
    const { image, edits } = this;
    if (!edits || !image.isStale) return runStale(this.stages, how);
    const { inputs, counts, tiles } = edits.prepare();
    image.set(inputs, counts);
    this.tiles = tiles;
    const done = edits.forget();
    await runStale(this.stages, { ...how, typical: tiles === null });
    done();
  }

  get output(): Output {
    return new Output(this.image!.program, this.size.w);
  }

  async paint(z?: Float32Array, how: RunHow = {}): Promise<Float32Array<ArrayBuffer>> {
    if (z && this.takesStyle) this.setStyle(z);
    await this.run(readingNumbers(this, how));
    return this.output.numbers();
  }

  /** Output of a block in the last picture, [N,h,w,C]; the painter must have been created with `taps`. */
  readBlock(name: string): Promise<Float32Array> {
    return this.image!.program.read(name);
  }

  get memory(): PainterMemory {
    let tables = 0;
    for (const l of [...this.levels.values(), ...this.spare.values()]) tables += l.stage.program.memory.peak;
    return {
      parameters: this.parameters.bytes,
      derived: this.recorder.derived.bytes,
      tables,
      activations: this.image?.program.memory.peak ?? 0,
    };
  }

  dispose(): void {
    for (const stage of this.stages) stage.dispose();
    for (const { stage } of this.spare.values()) stage.dispose();
    this.levels.clear();
    this.spare.clear();
    this.recorder.derived.dispose();
    this.parameters.dispose();
  }
}
