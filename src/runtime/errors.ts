// The one error class. Every message is one line: where the problem is, what it is, and how to fix it.

export type SpadeErrorCode =
  | "device-lost"
  | "out-of-memory"
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
  | "disposed"
  | "file"
  | "usage";

/** `where`: the option, tensor, file or call at fault. `problem`: what is wrong with it. `fix`: what the user can do. */
export class SpadeError extends Error {
  readonly code: SpadeErrorCode;
  readonly where: string;
  readonly problem: string;
  readonly fix: string;

  constructor(code: SpadeErrorCode, where: string, problem: string, fix: string, cause?: unknown) {
    super(`${where}: ${problem}; ${fix}`, cause === undefined ? undefined : { cause });
    this.name = "SpadeError";
    this.code = code;
    this.where = where;
    this.problem = problem;
    this.fix = fix;
  }
}
