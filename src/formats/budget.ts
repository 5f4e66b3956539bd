// What a file may make of itself in memory. A few bytes of a pickle or a zip directory become objects of hundreds, so readers count what
// they make before they make it, and refuse a file that goes on.

import { foreign, jsonMarks, SpadeError } from "../runtime/errors.ts";

/** Bytes that any file may take, however small. */
const BASE = 24 << 20;
/** Bytes beyond BASE for each byte of the file. A checkpoint's objects take a fraction of its tensors' bytes. */
const PER_BYTE = 2;

/** Rough sizes in bytes of what readers make, as V8 holds it. */
export const COST = {
  /** An array, object or number, with its place in a list. */
  object: 64,
  /** A dictionary or set that holds nothing yet; a list that grows. */
  container: 224,
  /** The place where a list under construction begins; given back when the list is done. */
  mark: 160,
  /** An entry of a dictionary or memo, its key not counted. */
  entry: 64,
  /** A named tensor with its range, its name not counted. */
  tensor: 512,
  /** An entry of a zip directory as zip.js describes it. */
  zipEntry: 2048,
  /** One character of a text. */
  character: 2,
} as const;

/** Counts what is made of one file. */
export class Budget {
  private left: number;

  /** @param file its name, for the message, and its size in bytes */
  constructor(private readonly file: { readonly name: string; readonly size: number }) {
    this.left = BASE + PER_BYTE * file.size;
  }

  /** @throws SpadeError file: the file has made more of itself than its size allows */
  spend(bytes: number): void {
    this.left -= bytes;
    if (this.left >= 0) return;
    const { name, size } = this.file;
    throw new SpadeError(
      "file",
      name,
      `has ${size} bytes and unfolds to more than ${Math.round((BASE + PER_BYTE * size) / 1e6)} MB of names and objects`,
      "give a checkpoint of tensors: torch.save(model.state_dict(), path)",
    );
  }
}

/** Bytes that a compressed part of a file of `size` bytes may inflate to: weights hardly compress. */
export const mostInflated = (size: number): number => BASE + PER_BYTE * size;

/**
 * Parses JSON from a file. V8 makes up to 40 bytes of one comma or bracket, and code that walks the result must not run out of stack, so
 * both are counted first.
 * @param budget the file's, or the name of a text that stands alone
 * @param depth most lists and objects inside each other
 * @throws SyntaxError as JSON.parse does, and where lists and objects are nested more deeply; SpadeError file: see Budget
 */
export function parseJson(text: string, budget: Budget | string, depth = 64): unknown {
  const marks = jsonMarks(text, depth);
  const counted = typeof budget === "string" ? new Budget({ name: budget, size: text.length }) : budget;
  counted.spend(marks * COST.object);
  return JSON.parse(text);
}

/**
 * Parses a JSON object from a file, see parseJson.
 * @param wrong the error for a text that is no JSON object; gets the problem
 * @throws SpadeError file: see Budget
 */
export function parseJsonObject(
  text: string,
  budget: Budget | string,
  wrong: (problem: string) => SpadeError,
): Record<string, unknown> {
  let value: unknown;
  try {
    value = parseJson(text, budget);
  } catch (error) {
    throw error instanceof SpadeError ? error : wrong("is not JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong("is not an object");
  return value as Record<string, unknown>;
}

/** The first names of a list of foreign ones, for a message. */
export function listed(names: readonly string[], count = names.length, most = 8): string {
  const first = names.slice(0, most).map((name) => foreign(name, 60));
  return count > first.length ? `${first.join(", ")} and ${count - first.length} more` : first.join(", ");
}
