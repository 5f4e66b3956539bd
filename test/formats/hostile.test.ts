// Files that mean harm, or are no checkpoints at all: each must end in one clear line, soon, and with nothing run.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import fc from "fast-check";
import { expect, test } from "vitest";

import { openCheckpoint } from "../../src/formats/any_checkpoint.ts";
import { openCheckpointFile } from "../../src/formats/file.ts";
import { writePth } from "../../src/formats/torch/pth_write.ts";
import { bytesAccess, memorySink } from "../../src/formats/tensors.ts";
import type { SpadeError } from "../../src/runtime/errors.ts";
import { failure, filled, fixture, readAll, toWrite } from "./helpers.ts";
import { withoutChecksums } from "./zips.ts";
import { dictOf, i64, legacyFile, P, rebuildTensor, storage, u32 } from "./pickles.ts";

const refused = (bytes: Uint8Array): Promise<SpadeError> =>
  failure(async () => readAll(await openCheckpoint(bytesAccess(bytes, "x.pth"))));
const text = (s: string): Uint8Array => new TextEncoder().encode(s);
const files = ["zip.pth", "legacy.pth", "tar.pth", "expected.safetensors"];

test("what is no checkpoint says what it is", async () => {
  const cases: [Uint8Array, RegExp][] = [
    [new Uint8Array(0), /is empty; fetch it again/],
    [
      text("version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 390000000\n"),
      /git-LFS pointer.*git lfs pull/,
    ],
    [text("<!DOCTYPE html><html><head>"), /is a web page.*download failed/],
    [text("\n <html>"), /is a web page/],
    [text("hello"), /is not a checkpoint; give a .safetensors/],
    [Uint8Array.of(0x1f, 0x8b, 8, 0), /gzip; unpack it/],
    [Uint8Array.of(0x89, 0x50, 0x4e, 0x47), /is not a checkpoint/],
    [Uint8Array.of(0x80, 2, 0x7d, 0x2e), /pickle without torch's magic number/],
    [new Uint8Array(3000), /is not a checkpoint/],
  ];
  for (const [bytes, expected] of cases) expect((await refused(bytes)).message).toMatch(expected);
});

test("paths that cannot be read", async () => {
  expect((await failure(() => openCheckpointFile("/nowhere/x.pth"))).message).toBe(
    "/nowhere/x.pth: does not exist; check the path",
  );
  expect((await failure(() => openCheckpointFile(fixture(".")))).problem).toBe("is not a file");
});

test.each(files)("%s, cut off at every twentieth", async (name) => {
  const file = new Uint8Array(await readFile(fixture(name)));
  // A tar ends in padding, where a cut loses nothing.
  const whole =
    name === "tar.pth"
      ? file.subarray(
          0,
          file.findLastIndex((b) => b !== 0),
        )
      : file;
  for (let part = 0; part < 20; part++) {
    const bytes = whole.subarray(0, Math.floor((whole.length * part) / 20));
    const error = await refused(bytes);
    expect([part, error.code]).toEqual([part, "file"]);
    expect(error.message).toMatch(/empty|truncated|damaged|cut off|is not a checkpoint/);
  }
});

test.each(files)("%s with any byte changed reads, or fails in one line", async (name) => {
  const whole = new Uint8Array(await readFile(fixture(name)));
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 3 }),
      async (changes) => {
        const bytes = whole.slice();
        for (const [at, value] of changes) bytes[at] = value;
        try {
          await readAll(await openCheckpoint(bytesAccess(bytes)));
        } catch (error) {
          await failure(() => {
            throw error;
          });
        }
      },
    ),
    { numRuns: 300 },
  );
});

const call = (module: string, name: string, args: number[]): number[] => [
  ...P.global(module, name),
  ...P.mark,
  ...args,
  ...P.tuple,
  ...P.reduce,
];
const marker = "/tmp/spade-webgpu-hostile-test";

test.each([
  "posix system",
  "os system",
  "builtins eval",
  "builtins getattr",
  "torch.serialization load",
  "numpy.core.multiarray _reconstruct",
  "torch._utils __class__",
])("a pickle that calls %s is refused by name and runs nothing", async (global) => {
  const [module, name] = global.split(" ");
  const error = await refused(legacyFile(dictOf("w", call(module, name, P.text(`touch ${marker}`)))));
  expect(error.code).toBe("unsupported");
  expect(error.problem).toContain(`${module}.${name}`);
  expect(existsSync(marker)).toBe(false);
});

test("names of prototypes are not names of ours, and control characters do not reach the message", async () => {
  for (const name of ["constructor", "__proto__", "toString"])
    expect((await refused(legacyFile(call("", name, [])))).code).toMatch(/unsupported|file/);
  const error = await refused(legacyFile(call("a\u001b[31m", "b".repeat(5000), [])));
  expect(error.message).not.toContain("\u001b");
});

test("in a zip it is the same", async () => {
  const sink = memorySink();
  await writePth(sink, toWrite(new Map([["a", filled("F32", [4], 1)]])));
  const bytes = sink.bytes();
  // collections.OrderedDict of the pickle -> os.system, same length of names kept by the module's.
  const find = "collections\nOrderedDict";
  const at = Buffer.from(bytes).indexOf(find);
  bytes.set(text("posixxxxxxx\nsystemmmmmm"), at);
  withoutChecksums(bytes);
  const error = await refused(bytes);
  expect([error.code, error.problem.includes("posixxxxxxx.systemmmmmm")]).toEqual(["unsupported", true]);
});

const float = (count: number): number[] => storage("torch FloatStorage", "0", "cpu", count);
const tensor = (count: number, shape: number[], strides: number[], offset = 0): number[] =>
  dictOf("w", rebuildTensor(float(count), offset, shape, strides));
const stored = (count: number, bytes = 16): { key: string; count: number; bytes: Uint8Array }[] => [
  { key: "0", count, bytes: new Uint8Array(bytes) },
];

test("false sizes are refused before anything is allocated", async () => {
  const cases: [string, Uint8Array][] = [
    ["storage larger than the file", legacyFile(tensor(2 ** 40, [1], [1]), stored(2 ** 40))],
    ["storage of negative size", legacyFile(tensor(-4, [1], [1]), stored(-4))],
    ["sizes that disagree", legacyFile(tensor(4, [4], [1]), stored(3))],
    ["tensor larger than its storage", legacyFile(tensor(4, [2 ** 40], [1]), stored(4))],
    ["offset behind the storage", legacyFile(tensor(4, [1], [1], 4), stored(4))],
    ["negative offset", legacyFile(tensor(4, [1], [1], -1), stored(4))],
    ["negative stride", legacyFile(tensor(4, [2], [-1], 1), stored(4))],
    ["strides that lead out", legacyFile(tensor(4, [2, 2], [3, 1]), stored(4))],
    ["terabytes by a stride of zero", legacyFile(tensor(4, [2 ** 40], [0]), stored(4))],
    ["shape without strides", legacyFile(tensor(4, [2, 2], [1]), stored(4))],
    ["a storage that is missing", legacyFile(tensor(4, [4], [1]))],
    [
      "a storage that nobody named",
      legacyFile(tensor(4, [4], [1]), [...stored(4), { key: "1", count: 4, bytes: new Uint8Array(16) }]),
    ],
    ["a tensor without a storage", legacyFile(dictOf("w", rebuildTensor(P.none, 0, [1], [1])))],
    ["a huge pickled integer", legacyFile(dictOf("w", [0x8b, ...u32(300), ...new Array<number>(300).fill(1)]))],
    ["a string longer than the file", legacyFile(dictOf("w", [0x58, ...u32(0xffffffff)]))],
    ["bytes longer than 2^53", legacyFile(dictOf("w", [0x8e, ...i64(-1)]))],
    ["a length below zero", legacyFile(dictOf("w", [0x42, ...u32(0xfffffff0)]))],
  ];
  for (const [what, bytes] of cases) expect([what, (await refused(bytes)).code]).toEqual([what, "file"]);
});

test("dictionaries that contain themselves, or each other a million times, end", async () => {
  const self = [...P.dict, ...P.put(1), ...P.mark, ...P.text("a"), ...P.get(1), ...P.setItems];
  expect((await refused(legacyFile(self))).problem).toMatch(/nested too deeply/);
  // Each list holds the one before ten times: 10^8 leaves.
  let nest = [...P.list, ...P.put(0)];
  for (let level = 1; level <= 8; level++) {
    nest = [
      ...nest,
      ...P.list,
      ...P.put(level),
      ...P.mark,
      ...Array.from({ length: 10 }, () => P.get(level - 1)).flat(),
      ...P.appends,
    ];
  }
  expect((await refused(legacyFile(nest))).problem).toMatch(/nested too deeply/);
  // The same as a dictionary's key.
  const body = [...nest, ...P.dict, ...P.mark, ...P.get(8), ...rebuildTensor(float(4), 0, [4], [1]), ...P.setItems];
  expect((await openCheckpoint(bytesAccess(legacyFile(body, stored(4))))).names()).toEqual(["?"]);
  // One list of pairs, copied into ordered dictionaries again and again.
  const pair = [...P.list, ...P.mark, ...P.int(1), ...P.int(2), ...P.appends];
  const pairs = [...P.list, ...P.put(0), ...P.mark, ...Array.from({ length: 3000 }, () => pair).flat(), ...P.appends];
  const copies = Array.from({ length: 3000 }, () => call("collections", "OrderedDict", P.get(0))).flat();
  expect((await refused(legacyFile([...P.mark, ...pairs, ...copies, ...P.tuple]))).problem).toMatch(
    /more than 25 MB of names and objects/,
  );
});

test("pickles that make no sense", async () => {
  const bodies: [string, number[]][] = [
    ["nothing on the stack", []],
    ["a call of a number", [...P.int(1), ...P.mark, ...P.tuple, ...P.reduce]],
    ["a call of a dtype", call("torch", "float32", [])],
    ["items of a number", [...P.int(1), ...P.mark, ...P.int(1), ...P.int(2), ...P.setItems]],
    ["an odd number of items", [...P.dict, ...P.mark, ...P.int(1), ...P.setItems]],
    ["a memo never set", P.get(9)],
    ["no mark", P.tuple],
    ["an unknown opcode", [0xff]],
    ["a persistent id that is no storage", [...P.text("x"), ...P.persistent]],
    ["only numbers", dictOf("w", P.int(1))],
    ["an empty dictionary", P.dict],
  ];
  for (const [what, body] of bodies) expect([what, (await refused(legacyFile(body))).code]).toEqual([what, "file"]);
  expect((await refused(legacyFile(dictOf("epoch", P.int(1))))).problem).toBe("no tensor in it: it holds epoch");
});

test("two tensors that would have one name", async () => {
  const one = rebuildTensor(float(4), 0, [4], [1]);
  const object = [...P.dict, ...P.mark, ...P.text("a.b"), ...one, ...P.text("a"), ...dictOf("b", one), ...P.setItems];
  expect((await refused(legacyFile(object, stored(4)))).problem).toBe('two tensors in it are called "a.b"');
});

test("a tar, and a zip, of something else", async () => {
  const tar = new Uint8Array(await readFile(fixture("tar.pth")));
  tar.set(text("readme\0\0"), 0);
  const error = await refused(tar);
  expect(error.message).toMatch(/is a tar archive and not a checkpoint: it holds readme, tensors, pickle; unpack it/);
});
