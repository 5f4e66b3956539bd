// What makes a state whole: a checksum over every byte of its file, and fields of the types and ranges that a run gives them.

import { createHash } from "node:crypto";
import { parseJson } from "../formats/budget.ts";
import { openFile } from "../formats/file.ts";
import { writeSafetensors, type TensorToWrite } from "../formats/safetensors.ts";
import type { Sink } from "../formats/tensors.ts";
import type { Position } from "./position.ts";
import type { StepperState } from "./step/stepper.ts";

/** What a state's metadata hold, as JSON under `run`. */
export interface SavedFields {
  position: Position;
  losses: Record<string, number>;
  stepper: StepperState;
  /** The plan of kernel variants, if the run had one: other variants sum in another order. */
  variants?: Readonly<Record<string, string>>;
}

/** In place of the checksum while it is computed. */
const NONE = "0".repeat(64);
const field = (hash: string): string => `"sha256":"${hash}"`;
/** Bytes read at once. */
const PIECE = 8 << 20;

/** Writes a safetensors file whose metadata hold the SHA-256 of the file, computed with zeros in its place. Reads the tensors twice. */
export async function writeChecked(
  sink: Sink,
  tensors: TensorToWrite[],
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  const hash = createHash("sha256");
  const nothing = async (): Promise<void> => undefined;
  try {
    await writeSafetensors(
      { write: async (bytes) => void hash.update(bytes), close: nothing, abort: nothing },
      tensors,
      { ...metadata, sha256: NONE },
    );
  } catch (error) {
    await sink.abort();
    throw error;
  }
  await writeSafetensors(sink, tensors, { ...metadata, sha256: hash.digest("hex") });
}

/**
 * Whether a file has the checksum that its metadata name. States of earlier versions have none and are believed; their metadata have `run`
 * alone. Fails with `file` where it can't be read.
 */
export async function hasItsChecksum(path: string, metadata: Readonly<Record<string, string>>): Promise<boolean> {
  const { sha256, ...others } = metadata;
  if (Object.keys(others).some((name) => name !== "run")) return false;
  if (sha256 === undefined) return true;
  if (!/^[0-9a-f]{64}$/.test(sha256)) return false;
  const hash = createHash("sha256");
  const file = await openFile(path);
  try {
    const header = 8 + Number(Buffer.from(await file.read(0, 8)).readBigUInt64LE());
    const bytes = Buffer.from(await file.read(0, header));
    const at = bytes.indexOf(field(sha256));
    if (at < 0) return false;
    bytes.write(field(NONE), at, "latin1");
    hash.update(bytes);
    for (let from = header; from < file.size; from += PIECE)
      hash.update(await file.read(from, Math.min(PIECE, file.size - from)));
  } finally {
    await file.close();
  }
  return hash.digest("hex") === sha256;
}

type Check = (value: unknown) => boolean;
const count: Check = (v) => Number.isSafeInteger(v) && (v as number) >= 0;
const positive: Check = (v) => Number.isSafeInteger(v) && (v as number) > 0;
const finite: Check = (v) => Number.isFinite(v);
const text: Check = (v) => typeof v === "string";
const isObject = (v: unknown): v is Record<string, unknown> => typeof v === "object" && v !== null && !Array.isArray(v);
/** An object that has these fields. */
const object =
  (fields: Record<string, Check>): Check =>
  (v) =>
    isObject(v) && Object.entries(fields).every(([name, check]) => check(v[name]));

const room = object({ name: text, capacity: positive });
const scale = object({ scale: (v) => finite(v) && (v as number) > 0, good: count, skipped: count });
const FIELDS: Record<string, Record<string, Check>> = {
  position: { epoch: positive, batch: count, step: count, pictures: count },
  stepper: {
    plans: (v) =>
      Array.isArray(v) &&
      v.every(
        object({
          h: positive,
          w: positive,
          mode: (mode) => mode === "lookup" || mode === "dense",
          inner: room,
          outer: room,
        }),
      ),
    adam: object({ G: count, D: count }),
    lossScale: (v) => v === undefined || object({ G: scale, D: scale })(v),
  },
};

/**
 * The fields of a state's metadata `run`.
 * @returns or what is wrong with them, for a message
 */
export function savedFields(json: string | undefined): SavedFields | string {
  let run: unknown;
  try {
    run = parseJson(json ?? "", "run");
  } catch {
    return "has no position";
  }
  if (!isObject(run)) return "has no position";
  for (const [name, fields] of Object.entries(FIELDS)) {
    const value = run[name];
    if (!isObject(value)) return `has no ${name}`;
    for (const [key, check] of Object.entries(fields))
      if (!check(value[key])) return `has the ${name} ${key} ${JSON.stringify(value[key]) ?? "undefined"}`;
  }
  const { losses, position, variants } = run as unknown as SavedFields;
  if (variants !== undefined && !(isObject(variants) && Object.values(variants).every(text)))
    return "has variants that are no names";
  if (!isObject(losses) || !Object.values(losses).every(finite)) return "has losses that are no numbers";
  const { batch, step, pictures } = position;
  if (batch > step || step > pictures)
    return `has the position batch ${batch} of step ${step} after ${pictures} pictures`;
  return run as unknown as SavedFields;
}
