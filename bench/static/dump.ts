// Reads what RADV prints about each pipeline (RADV_DEBUG=shaders,shaderstats), between the marks of compile.ts.

import { SpadeError } from "../../src/runtime/errors.ts";
import { readCode, type Code } from "./code.ts";
import type { PipelineInfo } from "./distinct.ts";

/** Begins a line of ours on the child's stderr: a word and JSON. */
export const MARK = "@static ";

/** How RADV's compiler names its figures. */
const FIGURES = {
  vgprs: "VGPRs",
  spilledVgprs: "Spilled VGPRs",
  spilledSgprs: "Spilled SGPRs",
  scratch: "Scratch size",
  lds: "LDS size",
  /** As if each had 32 lanes. */
  subgroups: "Subgroups per SIMD",
  instructions: "Instructions",
} as const;

export type Figures = Record<keyof typeof FIGURES, number>;

/** A compiled pipeline. */
export interface Compiled {
  readonly info: PipelineInfo;
  readonly figures: Figures;
  readonly code: Code;
}

export interface Events {
  /** The first: what compiles, and how many pipelines there will be. */
  begin(driver: string, pipelines: number): void;
  compiled(pipeline: Compiled): void;
}

const broken = (problem: string): SpadeError =>
  new SpadeError(
    "shader",
    "bench:static",
    problem,
    "compare with what this version of Mesa prints (RADV_DEBUG=shaders)",
  );

/** The figures of a block of "NAME: number" lines. @throws SpadeError: one is missing */
export function readFigures(lines: readonly string[], where: string): Figures {
  const found = new Map(
    lines.flatMap((line) => (/^(.+): (\d+)$/.exec(line) ? [line.split(": ") as [string, string]] : [])),
  );
  const values = Object.entries(FIGURES).map(([name, printed]) => {
    const value = found.get(printed);
    if (value === undefined) throw broken(`the driver printed no "${printed}" for ${where}`);
    return [name, Number(value)];
  });
  return Object.fromEntries(values) as Figures;
}

/** One pipeline's text: machine code from "disasm:" to the figures, and the figures. */
export function readPipeline(info: PipelineInfo, lines: readonly string[]): Compiled {
  const where = `${info.shader} ${info.sizes}`;
  const from = lines.indexOf("disasm:");
  const stats = lines.indexOf("*** SHADER STATS ***", from);
  if (from < 0 || stats < 0) throw broken(`the driver printed no machine code for ${where}`);
  const code = readCode(lines.slice(from + 1, stats));
  return { info, figures: readFigures(lines.slice(stats), where), code };
}

/**
 * Reads a child's stderr to its end.
 * @throws SpadeError: it ended early, a pipeline did not compile, or the driver prints in a form that is not known here
 */
export async function readDump(lines: AsyncIterable<string>, events: Events): Promise<void> {
  let info: PipelineInfo | undefined;
  let text: string[] = [];
  let driver = "";
  let isDone = false;
  // What a child that fails says: an error's first line, before its stack, or what comes last.
  let said = "";
  for await (const line of lines) {
    if (!line.startsWith(MARK)) {
      if (info) text.push(line);
      else if (line.trim() && !/Error: /.test(said)) said = line.trim();
      continue;
    }
    const [, what, json] = /^(\w+) (.*)$/.exec(line.slice(MARK.length))!;
    const value: unknown = JSON.parse(json);
    if (what === "driver") driver = value as string;
    else if (what === "count") events.begin(driver, value as number);
    else if (what === "pipeline") [info, text] = [value as PipelineInfo, []];
    else if (what === "failed")
      throw new SpadeError("shader", `${info!.shader} ${info!.sizes}`, "did not compile", value as string);
    else if (what === "end") {
      events.compiled(readPipeline(info!, text));
      info = undefined;
    } else isDone = true;
  }
  if (!isDone)
    throw broken(`the compiling process ended early${info ? `, at ${info.shader} ${info.sizes}` : ""} (${said})`);
}
