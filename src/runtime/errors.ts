// The one error class, and text that comes from files. Every message is one line: where the problem is, what it is, and how to fix it.

/** What kind of error; docs/errors.md says of each when it occurs and what to do. */
export type SpadeErrorCode =
  | "device-lost"
  | "out-of-memory"
  | "limits"
  | "shape"
  | "shader"
  | "unsupported"
  | "integrity"
  | "download"
  | "insecure-context"
  | "no-webgpu"
  | "no-adapter"
  | "webgpu-blocked"
  | "label"
  | "busy-canvas"
  | "disposed"
  | "file"
  | "usage";

/** Control characters, line separators, marks that reverse the direction of writing, lone surrogates. */
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|\p{Cs}/gu;

const escaped = (char: string): string => {
  const code = char.codePointAt(0) as number;
  if (char === "\n") return "\\n";
  if (char === "\t") return "\\t";
  return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
};

/** A text of several lines without what commands a terminal: escapes for everything unprintable but line ends. */
export const printable = (text: string): string =>
  text.replace(UNPRINTABLE, (char) => (char === "\n" ? char : escaped(char)));

/**
 * Text from a file, a server or another program, fit for one line of a terminal: unprintable characters become escapes such as
 * \x1b, so that a name can neither forge a line nor command the terminal; of a long text, the beginning and the end stay.
 * @param most length of the result, in UTF-16 units
 */
export function foreign(text: string, most = 120): string {
  // Twice `most` on each side is enough for the cut below, however the escapes fall; a text of megabytes is not copied.
  const head = text.length > 4 * most ? text.slice(0, 2 * most) : text;
  const tail = text.length > 4 * most ? text.slice(-2 * most) : "";
  const shown = (head + tail).replace(UNPRINTABLE, escaped);
  if (shown.length <= most && !tail) return shown;
  const end = Math.min(24, most >> 2);
  return `${shown.slice(0, most - end - 3)}...${shown.slice(shown.length - end)}`.replace(/\p{Cs}/gu, "");
}

/** "1 batch", "2 batches". @param many left out: `one` with an s */
export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/**
 * Commas and opening brackets of a JSON text, to be counted before it is parsed: V8 makes up to 90 bytes of one.
 * @param depth most lists and objects inside each other
 * @throws SyntaxError: they are nested more deeply
 */
export function jsonMarks(text: string, depth: number): number {
  let level = 0;
  let marks = 0;
  let inText = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x22) inText = !inText;
    else if (c === 0x5c) i++;
    else if (inText) continue;
    else if (c === 0x2c) marks++;
    else if (c === 0x5b || c === 0x7b) {
      marks++;
      if (++level > depth) throw new SyntaxError(`nested more than ${depth} levels deep at character ${i}`);
    } else if (c === 0x5d || c === 0x7d) level--;
  }
  return marks;
}

/** Longest part of a message. */
const PART = 600;

/** Every error that this package throws on purpose. Its `message` is one line: "where: problem; fix". Any other error is a bug here. */
export class SpadeError extends Error {
  readonly code: SpadeErrorCode;
  /** The option, tensor, file or call at fault. */
  readonly where: string;
  /** What is wrong with it. */
  readonly problem: string;
  /** What the user can do. */
  readonly fix: string;

  /** Each part passes `foreign`; only the compile errors of our own shaders have lines. */
  constructor(code: SpadeErrorCode, where: string, problem: string, fix: string, cause?: unknown) {
    if (code !== "shader") [where, problem, fix] = [where, problem, fix].map((part) => foreign(part, PART));
    super(`${where}: ${problem}; ${fix}`, cause === undefined ? undefined : { cause });
    this.name = "SpadeError";
    this.code = code;
    this.where = where;
    this.problem = problem;
    this.fix = fix;
  }
}
