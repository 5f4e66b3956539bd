// web/: a page of curves and pictures that opens from the disk. The page itself never changes; its content is in data.js, which is loaded by
// <script src> because pages from the disk may not fetch.

import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import uplot from "uplot/dist/uPlot.iife.min.js?raw";
import uplotStyle from "uplot/dist/uPlot.min.css?raw";
import { fileError, makeFolders, replaceFile } from "../../formats/file.ts";
import type { EventImage } from "../../formats/tfevents.ts";
import type { TrainOptions } from "../options.ts";
import type { At, Entry } from "./curves.ts";
import { optionRows } from "./opt_file.ts";
import page from "./page.html";
import { encodePng, type Rgb } from "./pictures.ts";

/** The published names. */
const VISUALS = ["input_label", "synthesized_image", "real_image"] as const;
type Visual = (typeof VISUALS)[number];

/** The most points of a curve on the page; of more points, neighbours are averaged. */
const MOST_POINTS = 1000;
/** Least time between two writes of data.js that only add a point. */
const PAUSE_MS = 5000;

type LossEntry = Extract<Entry, { kind: "losses" }>;
type ValidationEntry = Extract<Entry, { kind: "validation" }>;

const pad = (n: number, digits: number): string => String(n).padStart(digits, "0");
/** The published name's beginning; "iter" is the number of pictures in all. */
const stemOf = ({ epoch, total }: Pick<At, "epoch" | "total">): string => `epoch${pad(epoch, 3)}_iter${pad(total, 3)}`;
const gridName = (at: Pick<At, "epoch" | "total">, n: number): string => `${stemOf(at)}_validation${pad(n, 2)}.png`;
const fixedName = (n: number, visual: Visual): string => `validation${pad(n, 2)}_${visual}.png`;

export class Gallery {
  private readonly points: LossEntry[] = [];
  /** By stem, so that an entry written again is listed once. */
  private readonly shown = new Map<string, Entry>();
  private readonly validated = new Map<string, ValidationEntry>();
  private written = 0;
  private fixedWritten = false;

  private constructor(
    private readonly folder: string,
    private readonly options: TrainOptions,
  ) {}

  /** Starts with the entries `kept` and deletes the pictures of the entries `dropped`. Fails with `file`. */
  static async open(
    folder: string,
    options: TrainOptions,
    kept: readonly Entry[],
    dropped: readonly Entry[],
  ): Promise<Gallery> {
    const gallery = new Gallery(folder, options);
    const images = join(folder, "images");
    try {
      await makeFolders(images);
      for (const entry of dropped) for (const name of namesOf(entry)) await rm(join(images, name), { force: true });
      await replaceFile(join(folder, "uplot.js"), uplot);
      await replaceFile(join(folder, "uplot.css"), uplotStyle);
    } catch (error) {
      throw fileError(folder, error);
    }
    const there = new Set(await readdir(images));
    for (const entry of kept) if (namesOf(entry).every((name) => there.has(name))) gallery.note(entry);
    await replaceFile(join(folder, "index.html"), page);
    await gallery.write();
    return gallery;
  }

  private note(entry: Entry): void {
    if (entry.kind === "losses") this.points.push(entry);
    else if (entry.kind === "pictures") this.shown.set(stemOf(entry), entry);
    else this.validated.set(stemOf(entry), entry);
  }

  async losses(at: At, losses: Readonly<Record<string, number>>): Promise<void> {
    this.note({ kind: "losses", ...at, losses });
    if (this.points.length === 1 || Date.now() - this.written > PAUSE_MS) await this.write();
  }

  async pictures(at: At, images: Readonly<Record<Visual, EventImage>>): Promise<void> {
    for (const visual of VISUALS) await this.image(`${stemOf(at)}_${visual}.png`, images[visual].png);
    this.note({ kind: "pictures", ...at });
    await this.write();
  }

  /** Writes the pictures of a validation; `validation` lists them on the page. */
  async grid(at: At, labels: readonly Rgb[], fakes: readonly Rgb[], reals?: readonly Rgb[]): Promise<void> {
    const png = async (picture: Rgb): Promise<Uint8Array> => (await encodePng(picture)).png;
    for (let n = 0; n < fakes.length; n++) {
      if (!this.fixedWritten) {
        await this.image(fixedName(n, "input_label"), await png(labels[n]));
        if (reals) await this.image(fixedName(n, "real_image"), await png(reals[n]));
      }
      await this.image(gridName(at, n), await png(fakes[n]));
    }
    this.fixedWritten = true;
  }

  async validation(entry: ValidationEntry): Promise<void> {
    this.note(entry);
    await this.write();
  }

  private async image(name: string, png: Uint8Array): Promise<void> {
    await replaceFile(join(this.folder, "images", name), png);
  }

  /** Writes data.js. */
  async write(): Promise<void> {
    const { name, niter, niter_decay } = this.options;
    const validations = [...this.validated.values()];
    const data = {
      name,
      epochs: niter + niter_decay,
      updated: Date.now(),
      options: optionRows(this.options),
      curves: curves(this.points),
      frechet: validations.flatMap(({ total, epoch, frechet }) =>
        typeof frechet === "number" ? [{ total, epoch, value: frechet }] : [],
      ),
      pictures: [...this.shown.values()].map((at) => ({
        epoch: at.epoch,
        total: at.total,
        images: VISUALS.map((visual) => `${stemOf(at)}_${visual}.png`),
      })),
      validation: validations
        .filter(({ pictures }) => pictures)
        .map((entry) => ({
          epoch: entry.epoch,
          total: entry.total,
          rows: Array.from({ length: entry.pictures! }, (_, n) => [
            fixedName(n, "input_label"),
            gridName(entry, n),
            ...(entry.real ? [fixedName(n, "real_image")] : []),
          ]),
        })),
    };
    this.written = Date.now();
    await replaceFile(join(this.folder, "data.js"), `showRun(${JSON.stringify(data)});\n`);
  }
}

/** The picture files of an entry. */
function namesOf(entry: Entry): string[] {
  if (entry.kind === "pictures") return VISUALS.map((visual) => `${stemOf(entry)}_${visual}.png`);
  if (entry.kind === "validation") return Array.from({ length: entry.pictures ?? 0 }, (_, n) => gridName(entry, n));
  return [];
}

/** Curves by name, of at most MOST_POINTS points, with the epoch and total of each point; null for a missing value. */
function curves(points: readonly LossEntry[]): {
  epoch: number[];
  total: number[];
  values: Record<string, (number | null)[]>;
} {
  const names = [...new Set(points.flatMap((p) => Object.keys(p.losses)))];
  const size = Math.max(1, Math.ceil(points.length / MOST_POINTS));
  const groups = Array.from({ length: Math.ceil(points.length / size) }, (_, i) =>
    points.slice(i * size, (i + 1) * size),
  );
  const of = (value: (p: LossEntry) => number | null | undefined): (number | null)[] =>
    groups.map((group) => mean(group.map(value)));
  return {
    epoch: groups.map((group) => group.at(-1)!.epoch),
    total: groups.map((group) => group.at(-1)!.total),
    values: {
      ...Object.fromEntries(names.map((name) => [name, of((p) => p.losses[name])])),
      "learning rate": of((p) => p.lr),
      "images/s": of((p) => 1 / p.seconds),
    },
  };
}

/** Of the finite values, to 6 digits; null if there are none. */
function mean(values: readonly (number | null | undefined)[]): number | null {
  const finite = values.filter((v): v is number => typeof v === "number" && Number.isFinite(v));
  return finite.length ? Number((finite.reduce((a, b) => a + b) / finite.length).toPrecision(6)) : null;
}
