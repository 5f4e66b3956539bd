// The fixtures come from make_fixtures.py beside this file, where PyTorch wrote (or, the tar, read back) all of them.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

import { openCheckpoint } from "../../src/formats/any_checkpoint.ts";
import { openCheckpointFile } from "../../src/formats/file.ts";
import { openPlain } from "../../src/formats/plain_checkpoint.ts";
import { writeSafetensors } from "../../src/formats/safetensors.ts";
import { bytesAccess, fromF32, memorySink, toF32 } from "../../src/formats/tensors.ts";
import type { HostTensor } from "../../src/formats/tensors.ts";
import { expectSameTensors, failure, filled, fixture, readAll, readFileTensors, toWrite } from "./helpers.ts";
import { dictOf, legacyFile, P, rebuildTensor, storage } from "./pickles.ts";

const expected = await readFileTensors(fixture("expected.safetensors"));

test.each([
  ["zip.pth", "torch zip"],
  ["zip_protocol4.pth", "torch zip"],
  ["legacy.pth", "torch legacy pickle"],
  ["legacy_protocol4.pth", "torch legacy pickle"],
])("%s: all dtypes, views of shared storages, nested dictionaries", async (name, format) => {
  const source = await openCheckpointFile(fixture(name));
  expect(source.format).toBe(format);
  expect(source.notes).toEqual([
    "left out, not tensors: epoch, name, losses.0, losses.1, losses.2",
    "holds nested dictionaries: nets; --key NAME reads one alone",
  ]);
  const flattened = new Map([...expected].map(([k, t]) => [`nets.G.${k}`, t]));
  expectSameTensors(await readAll(source), flattened);
  expect(source.names()).toEqual([...flattened.keys()]);
  await source.close();
  expectSameTensors(await readFileTensors(fixture(name), "nets.G"), expected);
  const error = await failure(() => openCheckpointFile(fixture(name), { key: "nets.D" }));
  expect([error.code, error.problem, error.fix]).toEqual(["file", 'no key "nets.D" in it', "there are: G"]);
});

test("the tar of torch 0.1, with a view of a storage", async () => {
  const tensors = await readFileTensors(fixture("tar.pth"));
  const viewed = tensors.get("viewed") as HostTensor;
  tensors.delete("viewed");
  expectSameTensors(tensors, new Map([...expected].filter(([k]) => !["bf16", "bool", "scalar", "empty"].includes(k))));
  const whole = toF32(expected.get("whole") as HostTensor);
  expect([...toF32(viewed)]).toEqual([...whole].slice(24, 44).filter((_, i) => i % 2 === 0));
});

test("a half checkpoint of torch is our conversion of the whole one", async () => {
  const [whole, half] = await Promise.all([
    readFileTensors(fixture("checkpoint_zip.pth")),
    readFileTensors(fixture("checkpoint_half.pth")),
  ]);
  expect(whole.size).toBe(234);
  const converted = [...whole].map(([k, t]): [string, HostTensor] => [
    k,
    t.dtype === "F32" ? { ...t, dtype: "F16", data: fromF32(toF32(t), "F16") } : t,
  ]);
  expectSameTensors(half, new Map(converted));
});

test("a real legacy file of Python 2 (LPIPS)", async () => {
  const tensors = await readFileTensors(fixture("lpips_squeeze_legacy.pth"));
  expect(tensors.size).toBe(7);
  for (const [name, t] of tensors)
    expect([name, t.shape.length, toF32(t).every((v) => v >= 0 && v < 100)]).toEqual([name, 4, true]);
});

test("torch 0.2's rebuild function on a cuda storage, module. in front", async () => {
  const values = Float32Array.of(1, 2, 3, 4, 5, 6);
  const stored = storage("torch.cuda FloatStorage", "94", "cuda:0", 6);
  const bytes = legacyFile(dictOf("module.w", rebuildTensor(stored, 1, [2, 2], [1, 3])), [
    { key: "94", count: 6, bytes: new Uint8Array(values.buffer) },
  ]);
  const source = await openCheckpoint(bytesAccess(bytes));
  expect(source.names()).toEqual(["w"]);
  expect([...toF32(await source.read("w"))]).toEqual([2, 5, 3, 6]);
});

test("a pickle far larger than the window it is first read through", async () => {
  const stored = storage("torch HalfStorage", "0", "cpu", 3000);
  const entries = Array.from({ length: 3000 }, (_, i) => [...P.text(`w${i}`), ...rebuildTensor(stored, i, [1], [1])]);
  const object = [...P.dict, ...P.mark, ...entries.flat(), ...P.setItems];
  const values = Uint16Array.from({ length: 3000 }, (_, i) => i);
  const file = legacyFile(object, [{ key: "0", count: 3000, bytes: new Uint8Array(values.buffer) }]);
  expect(file.length).toBeGreaterThan(4e5);
  const source = await openCheckpoint(bytesAccess(file));
  expect(source.names().length).toBe(3000);
  expect((await source.read("w2999")).data).toEqual(Uint8Array.of(2999 & 255, 2999 >> 8));
});

test("an OrderedDict of pairs, as Python 2 pickled it", async () => {
  const stored = storage("torch LongStorage", "0", "cpu", 1);
  const pair = [...P.list, ...P.mark, ...P.text("n"), ...rebuildTensor(stored, 0, [], []), ...P.appends];
  const pairs = [...P.list, ...P.mark, ...pair, ...P.appends];
  const object = [...P.global("collections", "OrderedDict"), ...P.mark, ...pairs, ...P.tuple, ...P.reduce];
  const source = await openCheckpoint(
    bytesAccess(legacyFile(object, [{ key: "0", count: 1, bytes: new Uint8Array(BigInt64Array.of(-5n).buffer) }])),
  );
  expect([...toF32(await source.read("n"))]).toEqual([-5]);
});

async function reopened(tensors: Map<string, HostTensor>, key?: string): ReturnType<typeof openCheckpoint> {
  const sink = memorySink();
  await writeSafetensors(sink, toWrite(tensors));
  return openCheckpoint(bytesAccess(sink.bytes(), "x.safetensors"), { key });
}

test("spectral norm: the old form keeps its divided weight, the new one passes", async () => {
  const t = filled("F32", [2], 1);
  const keys = (names: string[]): Map<string, HostTensor> => new Map(names.map((n) => [n, t]));
  const old = await reopened(keys(["a.weight", "a.weight_orig", "a.weight_u", "a.bias"]));
  expect(old.names()).toEqual(["a.weight", "a.bias"]);
  expect(old.notes).toEqual([
    "spectral norm as torch <= 1.0.0 stored it: 1 weights kept already divided by sigma, their _orig and _u left out",
  ]);
  const newer = await reopened(keys(["a.weight_orig", "a.weight_u", "a.weight_v"]));
  expect([newer.names(), newer.notes]).toEqual([["a.weight_orig", "a.weight_u", "a.weight_v"], []]);
  const half = await reopened(keys(["a.weight_orig", "a.weight_v"]));
  expect(half.names()).toEqual(["a.weight_orig", "a.weight_v"]);
  expect(half.notes[0]).toMatch(/^a.weight: spectral norm without a.weight_u/);
});

test("safetensors: a key picks by prefix, module. goes where all names have it", async () => {
  const tensors = new Map([
    ["G.module.a", filled("F32", [2], 1)],
    ["G.module.b", filled("F32", [1], 2)],
    ["D.a", filled("U8", [1], 3)],
  ]);
  const picked = await reopened(tensors, "G");
  expect(picked.names()).toEqual(["a", "b"]);
  expect(await picked.read("b")).toEqual(tensors.get("G.module.b"));
  expect((await reopened(tensors)).names()).toEqual(["G.module.a", "G.module.b", "D.a"]);
  expect((await failure(() => reopened(tensors, "E"))).fix).toBe("names begin with: G, D");
});

// The project's shared data, where the machine has it: every real file, and the reference checkpoints.
const shared = fileURLToPath(new URL("../../../shared/", import.meta.url));
test.runIf(existsSync(`${shared}goldens/checkpoint.safetensors`))(
  "reference checkpoints equal their safetensors (needs ../shared)",
  async () => {
    const reference = await readFileTensors(`${shared}goldens/checkpoint.safetensors`);
    expectSameTensors(await readFileTensors(`${shared}goldens/checkpoint_zip.pth`), reference);
    expectSameTensors(await readFileTensors(`${shared}goldens/checkpoint_legacy.pth`), reference);
  },
);

test.runIf(existsSync(`${shared}data/pth`))("real checkpoints load (needs ../shared)", async () => {
  for (const [name, count] of [
    ["espnet_camvid_legacy", 189],
    ["lpips_squeeze_legacy", 7],
    ["rfb_masked_face_zip", 244],
  ] as const) {
    const tensors = await readFileTensors(`${shared}data/pth/${name}.pth`);
    expect([name, tensors.size]).toEqual([name, count]);
    for (const [key, t] of tensors)
      if (t.dtype === "F32") expect([key, toF32(t).every(Number.isFinite)]).toEqual([key, true]);
  }
});

test("a checkpoint in memory is opened like one on disk", async () => {
  const bytes = new Uint8Array(await readFile(fixture("zip.pth")));
  expectSameTensors(await readAll(await openCheckpoint(bytesAccess(bytes), { key: "nets.G" })), expected);
});

test("a tar whose small records are read ahead gives the bytes that single reads give", async () => {
  const bytes = new Uint8Array(await readFile(fixture("tar.pth")));
  let reads = 0;
  const counted = { ...bytesAccess(bytes), read: (at: number, n: number) => (reads++, bytesAccess(bytes).read(at, n)) };
  const source = await openCheckpoint(counted);
  expect(reads).toBeLessThan(10);
  for (const name of source.names()) expect((await source.read(name)).data.buffer.byteLength).toBeLessThan(5000);
});

test("a page names what it is given as bytes in place of its own weights", async () => {
  const open = async (name: string) =>
    failure(async () => openPlain(bytesAccess(new Uint8Array(await readFile(fixture(name))), name)));
  for (const name of ["zip.pth", "legacy.pth"])
    expect(await open(name)).toMatchObject({
      code: "file",
      problem: "is a .pth of PyTorch, which pages don't read as it is",
    });
  const page = bytesAccess(new TextEncoder().encode("<!doctype html><title>Sign in</title>"), "page");
  expect((await failure(() => openPlain(page))).problem).toBe("is a web page, not a checkpoint");
  const own = await openPlain(bytesAccess(new Uint8Array(await readFile(fixture("expected.safetensors"))), "own"));
  expect(own.names()).toEqual([...expected.keys()]);
});
