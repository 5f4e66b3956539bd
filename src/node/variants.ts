// Plan files: which variant of a kernel runs, by op or by op and shape (kernels/parts/variants.ts says what there is).

import { parseJson } from "../formats/budget.ts";
import { textOfFile } from "../formats/file.ts";
import { foreign, SpadeError } from "../runtime/errors.ts";

export type VariantPlan = Readonly<Record<string, string>>;

/** Reads a plan file: a JSON object of texts. The names are checked where the adapter is known. @throws SpadeError file */
export async function readVariants(path: string): Promise<VariantPlan> {
  const wrong = (problem: string, cause?: unknown): SpadeError =>
    new SpadeError("file", path, problem, 'write a JSON object such as { "gemm": "tiled" }', cause);
  const text = textOfFile(path);
  if (text === undefined)
    throw new SpadeError("file", path, "does not exist", "check the path of the plan of variants");
  let plan: unknown;
  try {
    plan = parseJson(text, path);
  } catch (cause) {
    if (cause instanceof SpadeError) throw cause;
    throw wrong("is not JSON", cause);
  }
  if (typeof plan !== "object" || plan === null || Array.isArray(plan)) throw wrong("is no JSON object");
  for (const [key, value] of Object.entries(plan))
    if (typeof value !== "string") throw wrong(`names no variant for "${foreign(key, 60)}"`);
  return plan as VariantPlan;
}

/** The plan of the file that `SPADE_VARIANTS` names; undefined if it names none. @throws SpadeError file */
export async function variantsWish(): Promise<VariantPlan | undefined> {
  const path = process.env.SPADE_VARIANTS;
  return path ? readVariants(path) : undefined;
}
