// Runs once before all test files: commands under test are those of dist/, which is built if it is not of these sources.

// @ts-expect-error: a script without types
import * as untyped from "../../scripts/dist.mjs";

const dist = untyped as { isBuilt(): boolean; build(): string };

export default function setup(): void {
  if (dist.isBuilt()) return;
  const problem = dist.build();
  if (problem) throw new Error(`dist/ can't be built: ${problem}`);
}
