// Errors as people read them.

import type { SpadeError } from "../../index.ts";

export interface Failure {
  readonly code: string;
  readonly problem: string;
  readonly fix: string;
}

/** What the page can't do now, in words for people. */
export class Unable extends Error {
  constructor(readonly what: Failure) {
    super(what.problem);
  }
}

const isSpadeError = (error: unknown): error is SpadeError =>
  error instanceof Error && "fix" in error && "problem" in error;

export function failureOf(error: unknown): Failure {
  if (error instanceof Unable) return error.what;
  if (isSpadeError(error)) return { code: error.code, problem: `${error.where}: ${error.problem}`, fix: error.fix };
  return { code: "bug", problem: error instanceof Error ? error.message : String(error), fix: "reload the page" };
}
