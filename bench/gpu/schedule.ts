// Which parts of bench:gpu run, in order, within a number of seconds, and what became of each.

/** A line of the table, with what else was measured. */
export interface Row {
  readonly what: string;
  /** Median. */
  readonly ms?: number;
  /** Pictures a second. */
  readonly perSecond?: number;
  /** FLOP/s, a multiply-add counted as two. */
  readonly flops?: number;
  readonly note?: string;
  /** What is wrong with the result. */
  readonly problem?: string;
  readonly [figure: string]: unknown;
}

export interface PartOptions {
  /** Small nets, few runs. */
  readonly quick: boolean;
  /** PyTorch on the CPU where there is no CUDA, to try that part. */
  readonly torchCpu: boolean;
}

export type Status = "done" | "failed" | "stopped" | "not run";

export interface Outcome {
  readonly name: string;
  readonly title: string;
  status: Status | "runs";
  /** Of a part that is not done: why. */
  why?: string;
  seconds: number;
  readonly rows: Row[];
}

export interface Part {
  readonly name: string;
  readonly title: string;
  /** Seconds that it takes at least on a GPU: with less left it does not begin. */
  readonly least: number;
  /** Seconds after which it is stopped, so that the parts behind it have their turn. */
  readonly most: number;
  /** What it needs and this machine lacks; "" if nothing. */
  whyNot?(): string;
}

/** Runs one part; resolves when it has ended, after `seconds` at the latest. */
export type RunPart = (
  part: Part,
  seconds: number,
  onRow: (row: Row) => void,
) => Promise<{ status: Exclude<Status, "not run">; why?: string }>;

/**
 * Runs the parts in their order. One that would not fit into what is left is not begun, and says so; a shorter one behind it may still fit.
 * @param seconds for all of them
 * @param changed called after every row and every end with all outcomes so far
 * @param now in ms
 */
export async function runParts(
  parts: readonly Part[],
  seconds: number,
  run: RunPart,
  changed: (outcomes: readonly Outcome[]) => void,
  now: () => number = () => performance.now(),
): Promise<Outcome[]> {
  const end = now() + seconds * 1e3;
  const outcomes: Outcome[] = [];
  for (const part of parts) {
    const { name, title, least, most } = part;
    const began = now();
    const left = (end - began) / 1e3;
    const outcome: Outcome = { name, title, status: "runs", seconds: 0, rows: [] };
    outcomes.push(outcome);
    const late = `it takes ${least} s and more, and ${Math.max(0, Math.floor(left))} s are left`;
    const why = left < least ? late : (part.whyNot?.() ?? "");
    if (why) Object.assign(outcome, { status: "not run", why });
    else {
      const limit = Math.min(most, left);
      const result = await run(part, limit, (row) => {
        outcome.rows.push(row);
        outcome.seconds = (now() - began) / 1e3;
        changed(outcomes);
      });
      Object.assign(outcome, result, { seconds: (now() - began) / 1e3 });
    }
    changed(outcomes);
  }
  return outcomes;
}
