// What label prints: how much of the maps each label has, what became unknown and why, and what to do next.

import { DONT_CARE_ID, type LabelMap } from "../../labels/label_map.ts";
import type { Label } from "../../pictures/label_names.ts";
import { counted, foreign, SpadeError } from "../../runtime/errors.ts";
import type { Decided } from "../../segmenting/decide.ts";
import type { ToLabels } from "../../segmenting/labelled.ts";
import { command } from "../terminal/command.ts";
import { quoted } from "../terminal/output.ts";

interface Ending {
  image_dir: string;
  out: string;
  sheet: string;
  /** File of the labels' names. */
  list: string;
  photos: number;
  maps: number;
}

/** Classes without a label that are named. */
const MOST_NAMED = 8;
/** Damaged photos that are named. */
const MOST_DAMAGED = 10;

type Counts = [key: number | string, count: number][];

/** What one rank's report holds, as plain data. */
export interface Plain {
  readonly numbers: Readonly<Record<"made" | "turned" | "unsure" | "pixels", number>>;
  readonly seconds: number;
  readonly stopped: boolean;
  readonly damaged: Pick<SpadeError, "code" | "where" | "problem" | "fix">[];
  readonly unfit: Counts;
  readonly shares: Counts;
}

const addTo = <K>(map: Map<K, number>, key: K, n: number): unknown => map.set(key, (map.get(key) ?? 0) + n);

const percent = (part: number, whole: number): string => `${((100 * part) / Math.max(1, whole)).toFixed(2)} %`;

export class LabelReport {
  /** Photos labelled by this run, and its seconds. */
  made = 0;
  seconds = 0;
  /** It was asked to stop before the last photo. */
  stopped = false;
  readonly damaged: SpadeError[] = [];
  private turned = 0;
  private unsure = 0;
  /** Pixels of this run, and those of classes without a label. */
  private pixels = 0;
  private readonly unfit = new Map<string, number>();
  /** Pixels of all maps by label. */
  private readonly shares = new Map<number, number>();

  constructor(private readonly labels: readonly Label[]) {}

  /** Takes a photo that was labelled. @param names by class */
  add({ classes, confidence }: Decided, to: ToLabels, names: readonly string[], turned: boolean): void {
    this.made++;
    if (turned) this.turned++;
    this.pixels += classes.length;
    const counts = new Uint32Array(names.length);
    classes.forEach((c, p) => {
      if (confidence[p] < to.minConfidence) this.unsure++;
      else counts[c]++;
    });
    counts.forEach((n, c) => {
      if (n && to.labels[c] === to.unknown) addTo(this.unfit, names[c], n);
    });
  }

  /** Takes a map, of this run or an earlier one. */
  count({ data }: Pick<LabelMap, "data">): void {
    const counts = new Uint32Array(65536);
    for (const id of data) counts[id]++;
    counts.forEach((n, id) => n && addTo(this.shares, id, n));
  }

  /** For another rank's join(). */
  plain(): Plain {
    const { made, turned, unsure, pixels, seconds, stopped, unfit, shares } = this;
    const damaged = this.damaged.map(({ code, where, problem, fix }) => ({ code, where, problem, fix }));
    return {
      ...{ seconds, stopped, damaged },
      numbers: { made, turned, unsure, pixels },
      ...{ unfit: [...unfit], shares: [...shares] },
    };
  }

  /** Takes what another rank did meanwhile. */
  join({ numbers, seconds, stopped, damaged, unfit, shares }: Plain): void {
    for (const name of ["made", "turned", "unsure", "pixels"] as const) this[name] += numbers[name];
    this.seconds = Math.max(this.seconds, seconds);
    this.stopped ||= stopped;
    this.damaged.push(...damaged.map((e) => new SpadeError(e.code, e.where, e.problem, e.fix)));
    for (const [name, n] of unfit) addTo(this.unfit, String(name), n);
    for (const [id, n] of shares) addTo(this.shares, Number(id), n);
  }

  lines(e: Ending): string[] {
    const each = this.made ? `, ${(this.seconds / this.made).toFixed(2)} s a photo` : "";
    const before = e.maps - this.made;
    const lines = [
      `${foreign(e.out, 600)}: ${counted(e.maps, "map")} of ${counted(e.photos, "photo")}` +
        (before > 0 ? `, ${before} of them from before` : "") +
        each,
      ...this.shareLines(),
    ];
    if (this.turned)
      lines.push(
        `note: ${counted(this.turned, "photo is", "photos are")} stored turned; their maps lie as they are stored, as train reads both`,
      );
    if (this.damaged.length) {
      lines.push(`left out (${this.damaged.length}):`);
      for (const { message } of this.damaged.slice(0, MOST_DAMAGED)) lines.push(`  - ${message}`);
      if (this.damaged.length > MOST_DAMAGED) lines.push(`  - and ${this.damaged.length - MOST_DAMAGED} more`);
    }
    if (e.maps)
      lines.push(
        `${foreign(e.sheet, 600)}: ${counted(Math.min(16, e.maps), "map")} beside the photo; look whether they fit`,
      );
    if (this.stopped) lines.push("stopped: the same command goes on where it was");
    else if (e.maps) {
      const options = [
        ["label_dir", e.out],
        ["image_dir", e.image_dir],
        ["labels", e.list],
      ].map(([name, value]) => `--${name} ${foreign(quoted(value), 4096)}`);
      lines.push(
        "",
        "look at the whole set, and see the command that trains on it, with",
        `  ${command()} dataset ${options.join(" ")}`,
      );
    }
    return lines;
  }

  private shareLines(): string[] {
    const all = [...this.shares.values()].reduce((a, b) => a + b, 0);
    if (!all) return [];
    const names = new Map(this.labels.map(({ id, name }) => [id, name]));
    const found = [...this.shares].filter(([id]) => id !== DONT_CARE_ID).sort((a, b) => b[1] - a[1]);
    const lines = found.map(
      ([id, n]) => `  ${String(id).padStart(5)}  ${percent(n, all).padStart(8)}  ${foreign(names.get(id) ?? "", 60)}`,
    );
    const why = [...this.unfit]
      .sort((a, b) => b[1] - a[1])
      .slice(0, MOST_NAMED)
      .map(([name, n]) => `${foreign(name, 40)} ${percent(n, this.pixels)}`);
    if (this.unsure) why.unshift(`unsure ${percent(this.unsure, this.pixels)}`);
    const reasons = why.length ? `: ${why.join(", ")}${this.unfit.size > MOST_NAMED ? ", ..." : ""}` : "";
    const unknown = percent(this.shares.get(DONT_CARE_ID) ?? 0, all).padStart(8);
    return [...lines, `  ${String(DONT_CARE_ID).padStart(5)}  ${unknown}  unknown${reasons}`];
  }
}
