// What makes a state whole: a checksum over every byte of its file, and fields of the types and ranges that a run gives them.

import { parseJson } from "../formats/budget.ts";
import { PART, sha256 } from "../formats/manifest.ts";
import { writeSafetensors, type TensorToWrite } from "../formats/safetensors.ts";
import { concat, type RandomAccess, type Sink } from "../formats/tensors.ts";
import type { Position } from "./position.ts";
import { OLD_SQUEEZENET_SCALE } from "./step/losses.ts";
import type { StepperState } from "./step/stepper.ts";

/** What a state's metadata hold, as JSON under `run`. */
export interface SavedFields {
  position: Position;
  losses: Record<string, number>;
  stepper: StepperState;
  /** Of the perceptual loss. */
  squeezenet_scale: number;
  /** The plan of kernel variants, if the run had one: other variants sum in another order. */
  variants?: Readonly<Record<string, string>>;
}

/** The metadata's name for the checksum. */
const FIELD = "sha256_of_parts";
/** Whatever else a state's metadata may hold; a name that a fault has changed is none of these. */
const NAMES = ["run", "options", "labels"];
const LENGTH = 64;

/** The SHA-256 of the SHA-256 of every part of a file: a page can't compute that of a file that it does not hold as a whole. */
class PartsHash {
  private pieces: Uint8Array[] = [];
  private filled = 0;
  private readonly hashes: string[] = [];

  async update(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const piece = bytes.slice(at, at + PART - this.filled);
      this.pieces.push(piece);
      this.filled += piece.length;
      at += piece.length;
      if (this.filled === PART) await this.end();
    }
  }

  async digest(): Promise<string> {
    await this.end();
    return sha256(new TextEncoder().encode(this.hashes.join("")));
  }

  private async end(): Promise<void> {
    this.hashes.push(await sha256(concat(this.pieces)));
    this.pieces = [];
    this.filled = 0;
  }
}

/** Writes a safetensors file whose metadata hold its checksum, computed with zeros in its place. Reads the tensors twice. */
export async function writeChecked(
  sink: Sink,
  tensors: TensorToWrite[],
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  const hash = new PartsHash();
  const nothing = async (): Promise<void> => undefined;
  try {
    await writeSafetensors({ write: (bytes) => hash.update(bytes), close: nothing, abort: nothing }, tensors, {
      ...metadata,
      [FIELD]: "0".repeat(LENGTH),
    });
  } catch (error) {
    await sink.abort();
    throw error;
  }
  await writeSafetensors(sink, tensors, { ...metadata, [FIELD]: await hash.digest() });
}

/** The header of a safetensors file with zeros in place of the checksum under `name`; undefined if it is not there as we write it. */
export async function headerWithout(file: RandomAccess, name: string, sum: string): Promise<Uint8Array | undefined> {
  const length = await file.read(0, 8);
  const header = Uint8Array.from(
    await file.read(0, 8 + Number(new DataView(length.buffer, length.byteOffset).getBigUint64(0, true))),
  );
  // One character a byte.
  const at = new TextDecoder("latin1").decode(header).indexOf(`"${name}":"${sum}"`);
  if (sum.length !== LENGTH || at < 0) return undefined;
  return header.fill(0x30, at + name.length + 4, at + name.length + 4 + LENGTH);
}

/**
 * Whether a file has the checksum that its metadata name. States of early versions have none and are believed; their metadata have `run`
 * alone. Fails with `file` where it can't be read.
 */
export async function hasItsChecksum(
  file: RandomAccess,
  { [FIELD]: sum, ...others }: Readonly<Record<string, string>>,
): Promise<boolean> {
  const names = Object.keys(others);
  if (sum === undefined) return names.every((name) => name === "run");
  if (names.some((name) => !NAMES.includes(name))) return false;
  const header = await headerWithout(file, FIELD, sum);
  if (!header) return false;
  const hash = new PartsHash();
  await hash.update(header);
  for (let from = header.length; from < file.size; from += PART)
    await hash.update(await file.read(from, Math.min(PART, file.size - from)));
  return (await hash.digest()) === sum;
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
    started: (v) => v === undefined || (isObject(v) && Object.values(v).every(count)),
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
  const {
    losses,
    position,
    squeezenet_scale = OLD_SQUEEZENET_SCALE,
    variants,
  } = run as unknown as Partial<SavedFields> & Pick<SavedFields, "position">;
  if (variants !== undefined && !(isObject(variants) && Object.values(variants).every(text)))
    return "has variants that are no names";
  if (!isObject(losses) || !Object.values(losses).every(finite)) return "has losses that are no numbers";
  if (!(finite(squeezenet_scale) && squeezenet_scale >= 0))
    return `has the squeezenet_scale ${JSON.stringify(squeezenet_scale)}`;
  const { batch, step, pictures } = position;
  if (batch > step || step > pictures)
    return `has the position batch ${batch} of step ${step} after ${pictures} pictures`;
  return { ...(run as unknown as SavedFields), squeezenet_scale };
}
