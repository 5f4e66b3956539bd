// The painter of SEAN's generator: SPADE's, with stages that blend each styled resolution's tables with those of the regions' styles, and
// with the style encoder.

import type { LevelWindows } from "../../labels/windows.ts";
import { levelKey, type TableRoom } from "../../models/nets/table_room.ts";
import { codeMapSize, regionValues, styleValues } from "../../models/sean/inputs.ts";
import { StyleScratch } from "../../models/sean/style_windows.ts";
import { Program, SpadeError, type HostArray } from "../../runtime/index.ts";
import { SpadePainter } from "../spade_painter.ts";
import { Stage } from "../stage.ts";
import type { PainterMemory } from "../painter.ts";
import type { TableRows } from "../table_rows.ts";
import { SeanStages } from "./sean_stages.ts";

export class SeanPainter extends SpadePainter {
  protected static override get Stages(): typeof SeanStages {
    return SeanStages;
  }

  declare protected readonly recorder: SeanStages;
  /** By levelKey, each behind the tables that are current there. */
  private styled = new Map<string, Stage>();
  private readonly scratch = new StyleScratch();
  private codes: Float32Array | undefined;
  private encoder: Program | undefined;

  protected override get takesStyle(): boolean {
    return true;
  }

  /** @param codes [N, labels, style_length] */
  override setStyle(codes: Float32Array): void {
    this.codes = codes.slice();
    for (const stage of this.styled.values()) this.giveCodes(stage);
    this.image?.change("style");
  }

  private giveCodes(stage: Stage): void {
    if (!this.codes) return;
    stage.set({ "style codes": this.codes });
    stage.change("style");
  }

  protected override pixelRows(room: TableRoom, lw: LevelWindows): Record<string, HostArray> {
    const key = levelKey(room.h, room.w);
    const stage = this.styled.get(key);
    if (!stage) return super.pixelRows(room, lw);
    const { inputs, counts } = styleValues(this.config, room, lw, false, this.scratch);
    const { [`ids ${key}`]: ids, ...own } = inputs;
    stage.set(own, counts);
    stage.change("map");
    return { [`ids ${key}`]: ids };
  }

  protected override take(key: string, level: TableRows): void {
    this.styled.get(key)?.dispose();
    this.styled.delete(key);
    super.take(key, level);
  }

  protected override async compileRest(...args: Parameters<SpadePainter["compileRest"]>): Promise<void> {
    for (const [key, { stage }] of this.levels) {
      args[0]?.throwIfAborted();
      const recording = this.styled.has(key) ? undefined : this.recorder.styled(stage.recording);
      if (!recording) continue;
      const styled = await this.compile(recording);
      this.giveCodes(styled);
      this.styled.set(key, styled);
    }
    await super.compileRest(...args);
  }

  override get stages(): Stage[] {
    return [...this.ofMap(), ...this.styled.values(), ...(this.image ? [this.image] : [])];
  }

  override async run(...args: Parameters<SpadePainter["run"]>): Promise<void> {
    if (!this.codes) throw new SpadeError("usage", "paint", "the regions have no styles yet", "call setStyle first");
    await super.run(...args);
  }

  /** @param photo [N,H,W,3] in [-1,1], of the net's size; `windows`: of its maps */
  async encode(photo: Float32Array, windows: readonly LevelWindows[]): Promise<Float32Array> {
    await this.prepared;
    const { h } = codeMapSize(this.config);
    this.encoder ??= await Program.compile(this.recorder.encoder(), this.device, { name: "style encoder" });
    const half = windows.find((lw) => lw.h === h)!;
    await this.encoder.run({ inputs: { photo, ...regionValues(this.config, half) } });
    return this.encoder.read("style codes");
  }

  override get memory(): PainterMemory {
    const own = super.memory;
    const styles = [...this.styled.values()].reduce((sum, { program }) => sum + program.memory.peak, 0);
    const encoder = this.encoder?.memory.peak ?? 0;
    return { ...own, tables: own.tables + styles, activations: own.activations + encoder };
  }

  override dispose(): void {
    super.dispose();
    this.styled.clear();
    this.encoder?.dispose();
    this.encoder = undefined;
  }
}
