// The engine of a net: it loads, paints the newest map and style, and heals. The page shows its state.

import { signal } from "@preact/signals";
import type { LabelMap, Progress, SpadeOptions, Stats } from "../../index.ts";
import { texts } from "../texts.ts";
import { failureOf, Unable, type Failure } from "./failure.ts";
import type { Net } from "./net.ts";
import type { Painted, Picture } from "./picture.ts";
import { equal } from "./same.ts";
import type { Session } from "./session.ts";

export type EngineState =
  | { readonly kind: "loading"; readonly progress: number; readonly cached: boolean }
  | { readonly kind: "ready" }
  /** The browser took the GPU away; it is being opened again. */
  | { readonly kind: "lost" }
  | { readonly kind: "failed"; readonly what: Failure };

export class Engine {
  readonly state = signal<EngineState>({ kind: "loading", progress: 0, cached: false });
  readonly info = signal<Session["info"] | undefined>(undefined);
  /** Of the last picture. */
  readonly stats = signal<Stats | undefined>(undefined);
  /** One line that people should know: a software adapter, a cache without room. */
  readonly notice = signal<{ code: string; message: string; fix: string } | undefined>(undefined);
  /** Live paints here: with a 2d context its pictures can be kept and shown when they are wanted. */
  private readonly canvas: OffscreenCanvas;
  private readonly context: OffscreenCanvasRenderingContext2D;
  private readonly ending = new AbortController();
  private spade: Session | undefined;
  private live: ReturnType<Session["live"]> | undefined;
  /** What was asked for, by the number of the change, until a later one is shown. */
  private readonly asked = new Map<number, Painted>();
  private change = 0;
  /** The newest wish, and the one that `live` was given last. */
  private newest: Painted | undefined;
  private given: Painted | undefined;
  private last: Picture | undefined;

  /**
   * Loads a net. It paints the newest wish as soon as it can.
   * @param onPicture called with each picture
   */
  constructor(
    readonly net: Net,
    private readonly onPicture: (picture: Picture, stats: Stats) => void,
  ) {
    this.canvas = new OffscreenCanvas(net.width, net.height);
    this.context = this.canvas.getContext("2d", { willReadFrequently: true })!;
    void this.open();
  }

  private async open(): Promise<void> {
    const { signal } = this.ending;
    try {
      const { createSpade } = await import("../../index.ts");
      const { weights, encoder } = this.net;
      const onProgress = ({ progress, cached }: Progress): void => {
        if (this.state.value.kind === "loading") this.state.value = { kind: "loading", progress, cached };
      };
      const options: SpadeOptions = { weights, encoder, signal, onProgress };
      const spade: Session = await createSpade(options).catch(async (error: { code?: string }) => {
        // Perhaps of another generator than SPADE's.
        if (error.code !== "unsupported") throw error;
        return (await import("./other_net.ts")).openOther(options);
      });
      if (signal.aborted) return spade.dispose();
      this.spade = spade;
      this.listen(spade);
      this.info.value = spade.info;
      const onFrame = (stats: Stats, change: number): void => this.shown(stats, change);
      this.live = spade.live({ canvas: this.canvas, onFrame });
      this.state.value = { kind: "ready" };
      if (this.newest) this.paint(this.newest);
    } catch (error) {
      if (!signal.aborted) this.state.value = { kind: "failed", what: failureOf(error) };
    }
  }

  private listen(spade: Session): void {
    spade.addEventListener("notice", (event) => {
      const { code, message, fix } = event as Event & { code: string; message: string; fix: string };
      this.notice.value = { code, message, fix };
    });
    spade.addEventListener("lost", (event) => {
      const { willRestore } = event as Event & { willRestore: boolean };
      if (willRestore) this.state.value = { kind: "lost" };
      else void this.failNow();
    });
    spade.addEventListener("restored", () => {
      this.info.value = spade.info;
      this.state.value = { kind: "ready" };
    });
  }

  /** The error that every call throws from now on. */
  private async failNow(): Promise<void> {
    try {
      await this.picture(this.newest ?? { ids: new Uint8Array(this.net.width * this.net.height), style: undefined });
    } catch (error) {
      this.state.value = { kind: "failed", what: failureOf(error) };
    }
  }

  private mapOf(ids: Uint8Array): LabelMap {
    return { data: ids, width: this.net.width, height: this.net.height };
  }

  /** Paints this as the newest wish. `ids` are copied. */
  paint({ ids, style, at }: Painted): void {
    const { live, given } = this;
    const what = { ids: given && equal(given.ids, ids) ? given.ids : ids.slice(), style, at };
    this.newest = what;
    if (!live) return;
    this.given = what;
    if (live.style !== style) {
      live.style = style;
      this.asked.set(++this.change, what);
    }
    if (given?.ids !== what.ids) {
      live.update(this.mapOf(what.ids));
      this.asked.set(++this.change, what);
    }
    // Nothing is under way: it was painted last, and the page has shown an earlier picture since.
    if (!this.asked.size && this.last) this.onPicture({ ...this.last, at }, this.stats.value!);
  }

  private shown(stats: Stats, change: number): void {
    const what = this.asked.get(change);
    for (const earlier of this.asked.keys()) if (earlier <= change) this.asked.delete(earlier);
    this.stats.value = stats;
    if (!what) return;
    const { width, height } = this.canvas;
    this.last = { ...what, image: this.context.getImageData(0, 0, width, height) };
    this.onPicture(this.last, stats);
  }

  /** A picture beside the canvas. @throws SpadeError */
  async picture({ ids, style }: Painted, abort?: AbortSignal): Promise<ImageData> {
    return this.opened().generate(this.mapOf(ids), { style, signal: abort });
  }

  /** Runs a job when nothing is to be painted. */
  whenIdle(job: () => Promise<unknown>): void {
    this.live?.whenIdle(job);
  }

  /** The style of a photo. @param ids its map, for a net with a style for each region @throws SpadeError */
  async encode(photo: Blob | ImageBitmap, ids: Uint8Array): Promise<Float32Array> {
    return this.opened().encode(photo, this.mapOf(ids));
  }

  /** @throws Unable if the net is not open: not yet, or because of an error */
  private opened(): Session {
    if (this.spade) return this.spade;
    const state = this.state.value;
    throw new Unable(state.kind === "failed" ? state.what : { code: "loading", ...texts.errors.notYet });
  }

  dispose(): void {
    this.ending.abort();
    this.live?.stop();
    this.spade?.dispose();
  }
}
