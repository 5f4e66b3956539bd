import fc from "fast-check";
import { expect, test } from "vitest";

import { openSafetensors, writeSafetensors } from "../../src/formats/safetensors.ts";
import { bytesAccess, memorySink } from "../../src/formats/tensors.ts";
import type { HostTensor } from "../../src/formats/tensors.ts";
import { DTYPES, expectSameTensors, failure, filled, fixture, readAll, readFileTensors, toWrite } from "./helpers.ts";

async function written(tensors: Map<string, HostTensor>, metadata: Record<string, string> = {}): Promise<Uint8Array> {
  const sink = memorySink();
  await writeSafetensors(sink, toWrite(tensors), metadata);
  return sink.bytes();
}

/** A file with any header and any bytes behind it. */
function file(header: unknown, data = 0, claimed?: number): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const out = new Uint8Array(8 + json.length + data);
  new DataView(out.buffer).setBigUint64(0, BigInt(claimed ?? json.length), true);
  out.set(json, 8);
  return out;
}

test("whatever is written is read back: names, dtypes, shapes, bytes, metadata, order", async () => {
  const tensor = fc.tuple(fc.constantFrom(...DTYPES), fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 4 }));
  const name = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("__proto__", "constructor", "7", "a.b"));
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.tuple(name, tensor), { selector: ([n]) => n, maxLength: 8 }),
      fc.dictionary(
        fc.string().filter((k) => k !== "__proto__"),
        fc.string(),
      ),
      async (list, metadata) => {
        const tensors = new Map(
          list.filter(([n]) => n !== "__metadata__").map(([n, [dtype, shape]], i) => [n, filled(dtype, shape, i)]),
        );
        const source = await openSafetensors(bytesAccess(await written(tensors, metadata)));
        expect(source.metadata).toEqual({ ...metadata });
        expectSameTensors(await readAll(source), tensors);
      },
    ),
    { numRuns: 50 },
  );
});

test("tensors keep their order in the directory and are aligned for their dtype in the file", async () => {
  const tensors = new Map([
    ["a", filled("U8", [3], 1)],
    ["b", filled("F64", [2], 2)],
    ["c", filled("F16", [5], 3)],
    ["d", filled("F32", [1], 4)],
  ]);
  const bytes = await written(tensors);
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  expect((8 + length) % 64).toBe(0);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Record<
    string,
    { data_offsets: number[] }
  >;
  expect(Object.keys(header)).toEqual(["a", "b", "c", "d"]);
  expect(Object.values(header).map((t) => t.data_offsets[0])).toEqual([30, 0, 20, 16]);
});

test("a file that python wrote", async () => {
  const tensors = await readFileTensors(fixture("expected.safetensors"));
  expect(tensors.get("i8")).toEqual({ dtype: "I8", shape: [2], data: Uint8Array.of(128, 127) });
  expect(tensors.get("empty")?.shape).toEqual([0, 3]);
});

test("damaged headers are refused, each in one line", async () => {
  const ok = { dtype: "F32", shape: [2], data_offsets: [0, 8] };
  const cases: [string, Uint8Array, RegExp][] = [
    ["no header", new Uint8Array(5), /5 bytes, too few/],
    ["huge header", file({}, 0, 2 ** 52), /claims a header/],
    ["header longer than the file", file({}, 0, 1000), /claims a header of 1000 bytes and has/],
    ["not JSON", file("{nonsense"), /not JSON/],
    ["not an object", file("[]"), /not JSON/],
    ["not UTF-8", Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0xff, 0x7d), /not JSON/],
    ["truncated", file({ a: ok }, 7), /"a" ends at byte/],
    ["bytes behind", file({ a: ok }, 9), /1 bytes behind/],
    ["overlap", file({ a: ok, b: { ...ok, data_offsets: [4, 12] } }, 12), /"b" begins at byte 4/],
    ["hole", file({ a: ok, b: { ...ok, data_offsets: [12, 20] } }, 20), /"b" begins at byte 12/],
    ["shape and bytes", file({ a: { ...ok, shape: [3] } }, 8), /F32 \[3\] and has 8 bytes/],
    ["huge shape", file({ a: { ...ok, shape: [2 ** 40, 2 ** 40] } }, 8), /and has 8 bytes/],
    ["negative shape", file({ a: { ...ok, shape: [-1, -2] } }, 8), /shape/],
    ["fractional shape", file({ a: { ...ok, shape: [0.5, 4] } }, 8), /shape/],
    ["offsets backwards", file({ a: { ...ok, data_offsets: [8, 0] } }, 8), /data_offsets/],
    ["offsets beyond 2^53", file({ a: { ...ok, data_offsets: [0, 2 ** 60] } }, 8), /data_offsets/],
    ["no dtype", file({ a: { shape: [2], data_offsets: [0, 8] } }, 8), /no dtype/],
    ["null", file({ a: null }, 8), /data_offsets/],
  ];
  for (const [what, bytes, expected] of cases) {
    const error = await failure(() => openSafetensors(bytesAccess(bytes, "x.safetensors")));
    expect([what, error.code]).toEqual([what, "file"]);
    expect(error.problem, what).toMatch(expected);
  }
  const error = await failure(() => openSafetensors(bytesAccess(file({ a: { ...ok, dtype: "F8_E4M3" } }, 8))));
  expect([error.code, error.problem]).toEqual(["unsupported", 'tensor "a" has the dtype F8_E4M3']);
});

test("a writer that gets too few bytes, or a name twice, says so and leaves nothing", async () => {
  const sink = memorySink();
  const few = await failure(() =>
    writeSafetensors(sink, [{ name: "a", dtype: "F32", shape: [2], data: () => new Uint8Array(7) }]),
  );
  expect([few.code, few.problem]).toEqual(["usage", "is F32 [2] and gave 7 bytes"]);
  expect(sink.bytes().length).toBe(0);
  const one = { name: "a", dtype: "U8" as const, shape: [1], data: async () => Uint8Array.of(1) };
  expect((await failure(() => writeSafetensors(memorySink(), [one, one]))).problem).toMatch(/twice/);
});
