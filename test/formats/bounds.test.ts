// What a file may make of itself: small files that would fill the memory are refused before they do, and soon.

import { expect, test } from "vitest";

import { openCheckpoint } from "../../src/formats/any_checkpoint.ts";
import { openSafetensors } from "../../src/formats/safetensors.ts";
import { writePth } from "../../src/formats/torch/pth_write.ts";
import { bytesAccess, memorySink } from "../../src/formats/tensors.ts";
import type { SpadeError } from "../../src/runtime/errors.ts";
import { failure, filled, readAll, toWrite } from "./helpers.ts";
import { dictOf, legacyFile, P, rebuildTensor, storage } from "./pickles.ts";
import { withoutChecksums, zipOf } from "./zips.ts";

const refused = async (bytes: Uint8Array): Promise<SpadeError> => {
  const start = performance.now();
  const error = await failure(async () => readAll(await openCheckpoint(bytesAccess(bytes, "x.pth"))));
  expect(performance.now() - start).toBeLessThan(5000);
  return error;
};
const MB = 1 << 20;
const pickleOf = (body: Uint8Array): Uint8Array => Buffer.concat([Buffer.from(P.proto), body, Buffer.from(P.stop)]);
const zipped = (pickle: Uint8Array, more: { deflate?: boolean; claims?: number } = {}): Uint8Array =>
  zipOf([{ name: "a/data.pkl", bytes: pickle, ...more }]);

test.each([
  ["dictionaries", P.dict],
  ["marks", P.mark],
  ["lists", P.list],
  ["memo entries", [...P.dict, 0x94]],
  ["texts", P.text("a")],
  ["calls", [...P.global("collections", "OrderedDict"), 0x29, ...P.reduce]],
  ["pushes and pops", [...P.none, 0x30]],
])("four million bytes of %s in a pickle are refused", async (_, op) => {
  const body = Buffer.alloc(4 * MB).fill(Buffer.from(op));
  expect((await refused(zipped(pickleOf(body.subarray(0, body.length - (body.length % op.length)))))).problem).toMatch(
    /^has \d+ bytes and unfolds to more than 34 MB of names and objects$/,
  );
});

test("a pickle that inflates to a thousand times the file is not inflated", async () => {
  const pickle = pickleOf(Buffer.alloc(26 * MB, 0x7d));
  expect((await refused(zipped(pickle, { deflate: true }))).problem).toMatch(
    /^its entry a\/data.pkl inflates to 27262979 bytes, and a file of \d+ may to 25\d+$/,
  );
  // A directory that states less than there is.
  expect((await refused(zipped(pickle, { deflate: true, claims: 1000 }))).problem).toMatch(/cannot be inflated/);
});

test("one long name in front of many tensors is refused", async () => {
  const stored = storage("torch FloatStorage", "0", "cpu", 1);
  const tensor = rebuildTensor(stored, 0, [1], [1]);
  const inner = Array.from({ length: 500 }, (_, i) => [...P.text(`w${i}`), ...tensor]).flat();
  const body = dictOf("n".repeat(100_000), [...P.dict, ...P.mark, ...inner, ...P.setItems]);
  const file = legacyFile(body, [{ key: "0", count: 1, bytes: new Uint8Array(4) }]);
  expect((await refused(file)).problem).toMatch(/names and objects/);
});

test("a zip directory of many empty entries is refused", async () => {
  const entries = Array.from({ length: 14_000 }, (_, i) => ({ name: String(i), bytes: new Uint8Array(0) }));
  expect((await refused(zipOf(entries))).problem).toMatch(/names and objects/);
});

/** A safetensors file of a header alone. */
const header = (json: string): Uint8Array => {
  const bytes = new TextEncoder().encode(json);
  const out = new Uint8Array(8 + bytes.length);
  new DataView(out.buffer).setBigUint64(0, BigInt(bytes.length), true);
  out.set(bytes, 8);
  return out;
};

test("safetensors headers of nothing but brackets, nested a thousand deep, of shapes without end", async () => {
  const open = (json: string): Promise<SpadeError> =>
    failure(() => openSafetensors(bytesAccess(header(json), "x.safetensors")));
  expect((await open(`{"a":[${"[],".repeat(400_000)}[]]}`)).problem).toMatch(/names and objects/);
  expect((await open(`{"__metadata__":{"a":${"[".repeat(1000)}${"]".repeat(1000)}}}`)).problem).toMatch(
    /^has a safetensors header nested more than 64 levels deep/,
  );
  const shape = Array.from({ length: 3000 }, () => 1).join(",");
  expect((await open(`{"a":{"dtype":"F32","shape":[${shape}],"data_offsets":[0,4]}}`)).problem).toBe(
    'tensor "a" has a shape of 3000 dimensions',
  );
  const long = await open(`{"${"w".repeat(9000)}":{"dtype":"F32","shape":[1],"data_offsets":[0,0]}}`);
  expect(long.message.length).toBeLessThan(250);
});

test("a checkpoint of thousands of small tensors is read", async () => {
  const t = filled("F32", [2], 1);
  const sink = memorySink();
  const names = Array.from({ length: 5000 }, (_, i) => `block_${i}.weight`);
  // One storage a tensor makes 2 MB of directory; a shared one would not.
  await writePth(sink, toWrite(new Map(names.slice(0, 2500).map((name) => [name, t]))));
  expect((await openCheckpoint(bytesAccess(sink.bytes()))).names().length).toBe(2500);
  const stored = storage("torch FloatStorage", "0", "cpu", 2);
  const items = names.flatMap((name) => [...P.text(name), ...rebuildTensor(stored, 0, [2], [1])]);
  const file = legacyFile([...P.dict, ...P.mark, ...items, ...P.setItems], [{ key: "0", count: 2, bytes: t.data }]);
  expect((await openCheckpoint(bytesAccess(file))).names().length).toBe(5000);
});

test("a damaged tensor of a .pth is refused by its entry when it is read; a checksum of 0 was not computed", async () => {
  const sink = memorySink();
  const tensors = new Map([
    ["a", filled("F32", [300], 1)],
    ["b", filled("F32", [300], 2)],
  ]);
  await writePth(sink, toWrite(tensors));
  const bytes = sink.bytes();
  const at = Buffer.from(bytes).indexOf(Buffer.from(tensors.get("b")!.data));
  bytes[at + 700] ^= 1;
  const source = await openCheckpoint(bytesAccess(bytes, "x.pth"));
  expect(await source.read("a")).toEqual(tensors.get("a"));
  const error = await failure(() => source.read("b"));
  expect(error.code).toBe("file");
  expect(error.problem).toMatch(/^the bytes of its entry \S+\/data\/1 are not those that were saved \(CRC-32\)$/);
  await failure(async () => {
    for await (const _ of source.chunks("b", 64));
  });
  withoutChecksums(bytes);
  await (await openCheckpoint(bytesAccess(bytes, "x.pth"))).read("b");
});
