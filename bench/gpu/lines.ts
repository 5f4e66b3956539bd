// What a program prints, line by line, as it comes.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

interface Ends {
  /** How an error calls the program. */
  readonly name: string;
  /** Exit statuses that are no error; 0 by default. */
  readonly fine?: readonly number[];
  readonly env?: NodeJS.ProcessEnv;
}

/** The lines of a program's standard output. @throws Error if it ends in another way */
export async function* linesOf(
  program: string,
  args: readonly string[],
  { name, fine = [0], env }: Ends,
): AsyncGenerator<string> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"], env });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  yield* createInterface({ input: child.stdout });
  const code = await ended;
  if (code === null || !fine.includes(code)) throw new Error(`${name} ended (${code})`);
}
