// Progress of long work on stderr: a bar on a terminal, plain lines in a log.

import { foreign } from "../../runtime/errors.ts";
import { SingleBar, Presets } from "cli-progress";

/** Longest note, in UTF-16 units. */
const LONGEST_LINE = 2000;
/** Least time between two plain lines of one task. */
const LINE_MS = 10_000;

export class Progress {
  private bar: SingleBar | undefined;
  private name = "";
  /** True during a batch: tasks are then shown as parts of it. */
  private within = false;
  private started = 0;
  private lastLine = 0;

  constructor(
    private readonly stream: NodeJS.WriteStream = process.stderr,
    readonly terminal = Boolean(stream.isTTY),
  ) {}

  /** Shows `done` of `total` of a task; a new name begins a new task. On a terminal `detail` is printed after the bar. */
  update(name: string, done: number, total: number, detail = ""): void {
    if (this.within) {
      const part = done < total ? `, ${name}` : "";
      this.bar?.update({ task: `${this.name}${part}`.padEnd(24) });
      return;
    }
    if (name !== this.name) {
      this.begin(name, total);
      if (!this.terminal) this.stream.write(`${name} ...\n`);
    }
    if (this.terminal) {
      this.bar!.setTotal(total);
      this.bar!.update(done, { detail });
      return;
    }
    const now = performance.now();
    if (now - this.lastLine < LINE_MS) return;
    this.lastLine = now;
    this.stream.write(`${name}: ${done} of ${total}\n`);
  }

  /** Shows `done` of `total` items in one bar from the first item to the last, whatever tasks each item has. */
  batch(name: string, done: number, total: number): void {
    if (!this.within) {
      this.begin(name, total);
      this.within = true;
    }
    this.bar?.update(done, { task: name.padEnd(24) });
    const now = performance.now();
    if (this.terminal || (done > 0 && now - this.lastLine < LINE_MS)) return;
    this.lastLine = now;
    this.stream.write(`${name} ${done + 1} of ${total}\n`);
  }

  private begin(name: string, total: number): void {
    this.end();
    this.name = name;
    this.started = this.lastLine = performance.now();
    if (!this.terminal) return;
    this.bar = new SingleBar(
      {
        stream: this.stream,
        format: "{task} [{bar}] {value}/{total}  {duration_formatted}  {detail}",
        barsize: 24,
        hideCursor: true,
        clearOnComplete: true,
        linewrap: false,
        // say() and above() clear the bar's line, so draw it again even if it has not changed.
        forceRedraw: true,
        fps: 10,
      },
      Presets.shades_classic,
    );
    this.bar.start(total, 0, { task: name.padEnd(24), detail: "" });
  }

  /** Runs a task without parts. */
  async during<T>(name: string, work: () => Promise<T>): Promise<T> {
    this.update(name, 0, 1);
    try {
      return await work();
    } finally {
      if (!this.within) this.end();
    }
  }

  /** Prints a line above the bar. */
  say(line: string): void {
    this.above(() => void this.stream.write(`${foreign(line, LONGEST_LINE)}\n`));
  }

  /** Calls `write`, which may write to the terminal above the bar; the bar is drawn again below. */
  above(write: () => void): void {
    if (this.bar) this.stream.write("\r\x1b[K");
    write();
  }

  /** Ends the current task. */
  end(): void {
    if (!this.name) return;
    this.bar?.stop();
    this.bar = undefined;
    const seconds = (performance.now() - this.started) / 1e3;
    if (!this.terminal && seconds >= 1) this.stream.write(`${this.name}: done in ${seconds.toFixed(1)} s\n`);
    this.name = "";
    this.within = false;
  }
}
