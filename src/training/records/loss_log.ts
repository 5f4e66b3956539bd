// loss_log.txt, line for line like the published code's, so that scripts for it keep working.

import { extendFile, MOST_RECORDS, replaceFile, textOfFile } from "../../formats/file.ts";
import { roundHalfEven } from "../../models/config.ts";
import type { At } from "./curves.ts";

const ORDER = ["KLD", "GAN", "GAN_Feat", "VGG", "D_Fake", "D_real"];
type Place = Pick<At, "epoch" | "iters">;
const HEADER = /^=+ Training Loss \(.*\) =+$/;

export class LossLog {
  private constructor(private readonly path: string) {}

  /**
   * Appends a header like the published code. With `resume` the log reads like one run's: of a run that goes on no header is added, and the
   * lines from the first of the places `dropped` on are left out; of one that begins once more, all behind the first `bytes` is left out.
   */
  static async open(path: string, resume?: { dropped: readonly Place[] } | { bytes: number }): Promise<LossLog> {
    const text = textOfFile(path, MOST_RECORDS) ?? "";
    const begun = (kept: string): string => `${wholeLines(kept)}${header(new Date())}\n`;
    if (!resume && wholeLines(text) === text) await extendFile(path, `${header(new Date())}\n`);
    else if (!resume) await replaceFile(path, begun(text));
    else if ("bytes" in resume) await replaceFile(path, begun(Buffer.from(text).toString("utf8", 0, resume.bytes)));
    else await replaceFile(path, cutLog(text, resume.dropped) ?? begun(text));
    return new LossLog(path);
  }

  async add(at: At, losses: Readonly<Record<string, number>>): Promise<void> {
    await extendFile(this.path, `${logLine(at, losses)}\n`);
  }
}

/** Without a last line that a kill cut. */
const wholeLines = (text: string): string => text.slice(0, text.lastIndexOf("\n") + 1);

/** The log without dropped lines; undefined if it has no header. A last line without newline was cut by a kill and is dropped. */
function cutLog(text: string, dropped: readonly Place[]): string | undefined {
  const lines = text.split("\n").slice(0, -1);
  const head = lines.findLastIndex((line) => HEADER.test(line));
  if (head < 0) return undefined;
  const places = dropped.map(({ epoch, iters }) => `(epoch: ${epoch}, iters: ${iters}, `);
  const first = lines.findIndex((line, i) => i > head && places.some((place) => line.startsWith(place)));
  return `${lines.slice(0, first < 0 ? lines.length : first).join("\n")}\n`;
}

/** The published line: losses in the published order, others behind them. It ends in a space. */
export function logLine(at: At, losses: Readonly<Record<string, number>>): string {
  const names = Object.keys(losses);
  const ordered = [...ORDER.filter((n) => names.includes(n)), ...names.filter((n) => !ORDER.includes(n))];
  const values = ordered.map((name) => `${name}: ${fixed3(losses[name])} `).join("");
  return `(epoch: ${at.epoch}, iters: ${at.iters}, time: ${fixed3(at.seconds)}) ${values}`;
}

function header(now: Date): string {
  return `================ Training Loss (${ctime(now)}) ================`;
}

/** C's ctime without its newline: Tue Jul  9 12:34:56 2019, local time. */
function ctime(date: Date): string {
  const [day, month, , year, time] = date.toString().split(" ");
  return `${day} ${month} ${String(date.getDate()).padStart(2)} ${time} ${year}`;
}

/** Python's %.3f. toFixed differs in exact halves, which only odd sixteenths are, and in the sign of -0. */
function fixed3(x: number): string {
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x < 0 ? "-inf" : "inf";
  const rounded = Math.abs(16 * x) % 2 === 1 ? roundHalfEven(1000 * x) / 1000 : x;
  return `${Object.is(x, -0) ? "-" : ""}${rounded.toFixed(3)}`;
}
