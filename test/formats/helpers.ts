// What the tests of file formats share.

import { fileURLToPath } from "node:url";
import { expect } from "vitest";

import { openCheckpointFile } from "../../src/formats/file.ts";
import type { HostDType, HostTensor, TensorSource } from "../../src/formats/tensors.ts";
import { SpadeError } from "../../src/runtime/errors.ts";

export { filled, toWrite } from "./made.ts";

export const DTYPES: HostDType[] = ["F64", "F32", "F16", "BF16", "I64", "I32", "I16", "I8", "U8", "BOOL"];

export function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/formats/${name}`, import.meta.url));
}

/** Every tensor of a source. */
export async function readAll(source: TensorSource): Promise<Map<string, HostTensor>> {
  const all = new Map<string, HostTensor>();
  for (const name of source.names()) all.set(name, await source.read(name));
  return all;
}

export async function readFileTensors(path: string, key?: string): Promise<Map<string, HostTensor>> {
  const source = await openCheckpointFile(path, { key });
  try {
    return await readAll(source);
  } finally {
    await source.close();
  }
}

/** Equal names, dtypes, shapes and bytes; the order of names may differ. */
export function expectSameTensors(actual: Map<string, HostTensor>, expected: Map<string, HostTensor>): void {
  expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [name, want] of expected) {
    const got = actual.get(name) as HostTensor;
    expect([name, got.dtype, got.shape]).toEqual([name, want.dtype, want.shape]);
    expect(Buffer.compare(got.data, want.data), `bytes of ${name}`).toBe(0);
  }
}

/** What an attempt fails with: always a SpadeError whose message is one line with where, what and how to fix it. */
export async function failure(attempt: () => unknown): Promise<SpadeError> {
  try {
    await attempt();
  } catch (error) {
    expect(error).toBeInstanceOf(SpadeError);
    const { message, where, problem, fix } = error as SpadeError;
    expect(message).not.toMatch(/[\n\r]/);
    expect(message.length).toBeLessThan(600);
    expect(message).toBe(`${where}: ${problem}; ${fix}`);
    return error as SpadeError;
  }
  throw new Error("expected a failure");
}
