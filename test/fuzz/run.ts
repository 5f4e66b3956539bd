// One file through one reader.

import { SpadeError } from "../../src/runtime/errors.ts";
import { mutant, randomOf } from "./mutate.ts";
import { READERS, type Reader } from "./readers.ts";

export type Outcome = "read" | "refused" | "raw";

/** The files of a reader: first the hostile ones, then mutants of the good ones. */
export class Files {
  private constructor(
    private readonly name: string,
    private readonly seed: number,
    private readonly reader: Reader,
    private readonly good: readonly Uint8Array[],
    private readonly hostile: readonly (() => Uint8Array)[],
  ) {}

  static async of(name: string, seed: number): Promise<Files> {
    const reader = READERS[name];
    const good = await reader.files();
    return new Files(name, seed, reader, good, reader.hostile());
  }

  get hostileCount(): number {
    return this.hostile.length;
  }

  at(index: number): Uint8Array {
    if (index < this.hostileCount) return this.hostile[index]();
    return mutant(randomOf(this.name, this.seed, index), this.good);
  }

  /** Reads a file, and says how that ended. */
  async run(bytes: Uint8Array): Promise<{ outcome: Outcome; message: string }> {
    try {
      await this.reader.read(bytes);
      return { outcome: "read", message: "" };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const isLine = error instanceof SpadeError && !/[\n\r]/.test(message) && message.length < 2000;
      if (isLine) return { outcome: "refused", message };
      return { outcome: "raw", message: error instanceof Error ? (error.stack ?? message) : message };
    }
  }
}
