// What a training run writes for people to read, under checkpoints/NAME: loss_log.txt, curves.jsonl, opt.txt and opt.json, logs/ for
// TensorBoard and, unless --no_html, web/.

import { join } from "node:path";
import { FRECHET_NAME } from "../../evaluation/frechet.ts";
import { makeFolder } from "../../formats/file.ts";
import type { Label } from "../../pictures/label_names.ts";
import type { EventImage } from "../../formats/tfevents.ts";
import type { LabelMap } from "../../labels/label_map.ts";
import { SpadeError } from "../../runtime/errors.ts";
import type { TrainOptions } from "../options.ts";
import { CurveFile, type At, type Entry } from "./curves.ts";
import { EventLog } from "./event_log.ts";
import { Gallery } from "./gallery.ts";
import { LossLog } from "./loss_log.ts";
import { saveOptions } from "./opt_file.ts";
import { encodePng, labelColors, labelRgb, shownOfBatch, tensorRgbs, tiled, type ColorOf } from "./pictures.ts";

export type { At } from "./curves.ts";

/** A batch: label maps of h x w, pictures [N,h,w,3] in [-1,1]. */
export interface Shown {
  labels: readonly LabelMap[];
  fake: Float32Array;
  real: Float32Array;
  h: number;
  w: number;
}

export interface Validation {
  /** Frechet distance between the validation photographs and the net's pictures, in the features of SqueezeNet's fire9. */
  frechet?: number;
  /** The same label maps every time. */
  grid?: Omit<Shown, "real"> & { real?: Float32Array };
}

/** Where records go on. */
export interface RecordsFrom {
  /** Pictures that count. */
  total: number;
  /** Of a run that begins once more: the bytes of the log before it. */
  log?: number;
}

export class Records {
  private warned = false;

  private constructor(
    private readonly log: LossLog,
    private readonly curves: CurveFile,
    private readonly events: EventLog | undefined,
    private readonly gallery: Gallery | undefined,
    private readonly colorOf: ColorOf,
  ) {}

  /**
   * Creates the folder, saves the options and starts the records or, from `from` on, continues them. Entries that a killed run
   * wrote after that point are dropped first, and so is the last step of a run that was stopped: the records equal those of a run that never
   * stopped. Fails with `file`.
   */
  static async open(options: TrainOptions, labels: readonly Label[] | undefined, from?: RecordsFrom): Promise<Records> {
    const folder = join(options.checkpoints_dir, options.name);
    const logs = join(folder, "logs");
    await makeFolder(logs);
    await saveOptions(folder, options);
    const keep = from?.total ?? -1;
    const path = join(folder, "curves.jsonl");
    const entries = await CurveFile.read(path);
    const isKept = (e: Entry): boolean => e.total <= keep && !(e.kind === "losses" && e.stopped);
    const [kept, dropped] = [entries.filter(isKept), entries.filter((e) => !isKept(e))];
    const losses = dropped.filter((entry) => entry.kind === "losses");
    const log = await LossLog.open(
      join(folder, "loss_log.txt"),
      from && (from.log === undefined ? { dropped: losses } : { bytes: from.log }),
    );
    const events = options.tf_log ? await EventLog.open(logs, keep) : undefined;
    const gallery = options.no_html ? undefined : await Gallery.open(join(folder, "web"), options, kept, dropped);
    // Curves last: what the others drop is read from them, also after a kill during this function.
    const curves = await CurveFile.open(path, kept);
    return new Records(log, curves, events, gallery, labelColors(labels, options.label_nc));
  }

  /** Adds one line to the log and one point to every curve. Fails with `file`. */
  async losses(at: At, losses: Record<string, number>): Promise<void> {
    // Curves before the log: after a kill, every line of the log is in the curves too, where `open` looks for it.
    await this.curves.add({ kind: "losses", ...at, losses });
    await this.log.add(at, losses);
    await this.events?.add(at.total, { ...losses, lr: at.lr, images_per_second: 1 / at.seconds });
    await this.spared(async () => this.gallery?.losses(at, losses));
  }

  /**
   * Adds the last step of a run that stops between two points, for the log and the curves. Not for TensorBoard, whose files can't be cut
   * within a step.
   */
  async stopped(at: At, losses: Record<string, number>): Promise<void> {
    await this.curves.add({ kind: "losses", ...at, losses, stopped: true });
    await this.log.add(at, losses);
    await this.spared(async () => this.gallery?.losses(at, losses));
  }

  /** Adds the first picture of the batch; beyond 8 all of them, 4 a row. A failure to write is reported once and ignored. */
  async pictures(at: At, shown: Shown): Promise<void> {
    const { labels, fake, real, h, w } = shown;
    await this.spared(async () => {
      const images = {
        input_label: await encodePng(shownOfBatch(labels.map((map) => labelRgb(map, this.colorOf)))),
        synthesized_image: await encodePng(shownOfBatch(tensorRgbs(fake, h, w))),
        real_image: await encodePng(shownOfBatch(tensorRgbs(real, h, w))),
      };
      await this.events?.add(at.total, {}, images);
      if (!this.gallery) return;
      await this.gallery.pictures(at, images);
      await this.curves.add({ kind: "pictures", ...at });
    });
  }

  /** Adds a point of the Frechet curve and the validation pictures of this epoch. Failures are handled as in `pictures`. */
  async validation(at: At, { frechet, grid }: Validation): Promise<void> {
    await this.spared(async () => {
      const fakes = grid ? tensorRgbs(grid.fake, grid.h, grid.w) : [];
      const images: Record<string, EventImage> = fakes.length
        ? { validation: await encodePng(tiled(fakes, Math.min(4, fakes.length))) }
        : {};
      await this.events?.add(at.total, frechet === undefined ? {} : { [FRECHET_NAME]: frechet }, images);
      if (grid && this.gallery) {
        const reals = grid.real && tensorRgbs(grid.real, grid.h, grid.w);
        await this.gallery.grid(
          at,
          grid.labels.map((map) => labelRgb(map, this.colorOf)),
          fakes,
          reals,
        );
      }
      const pictures = this.gallery ? fakes.length : 0;
      const entry = { kind: "validation", ...at, frechet, pictures, real: grid?.real !== undefined } as const;
      await this.curves.add(entry);
      await this.gallery?.validation(entry);
    });
  }

  /** Brings the page up to date. */
  async close(): Promise<void> {
    await this.spared(async () => this.gallery?.write());
  }

  private async spared(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof SpadeError)) throw error;
      if (!this.warned) console.warn(`training goes on without a picture: ${error.message} (said once)`);
      this.warned = true;
    }
  }
}
