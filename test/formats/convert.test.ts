import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";

import { convert } from "../../src/cli/commands/convert.ts";
import { info } from "../../src/cli/commands/info.ts";
import { fileSink, openCheckpointFile } from "../../src/formats/file.ts";
import { writeSafetensors } from "../../src/formats/safetensors.ts";
import { f32Tensor, toF32 } from "../../src/formats/tensors.ts";
import type { HostTensor } from "../../src/formats/tensors.ts";
import { expectSameTensors, failure, fixture, readFileTensors, toWrite } from "./helpers.ts";

const dir = await mkdtemp(join(tmpdir(), "spade-convert-"));
afterAll(() => rm(dir, { recursive: true }));
const at = (name: string): string => join(dir, name);

test("a generator to safetensors: everything kept, config and source with it", async () => {
  const lines = await convert(fixture("checkpoint_zip.pth"), at("g.safetensors"));
  expect(lines[0]).toBe("checkpoint_zip.pth: torch zip, 234 tensors (216 F32, 18 I64), 519291 values, 2.1 MB");
  expect(lines[1]).toMatch(/^config, guessed from keys and shapes: label_nc \d+/);
  expect(lines.at(-1)).toMatch(/^wrote .*g.safetensors: 234 tensors, 2.1 MB$/);
  expectSameTensors(await readFileTensors(at("g.safetensors")), await readFileTensors(fixture("checkpoint_zip.pth")));
  const source = await openCheckpointFile(at("g.safetensors"));
  expect(source.metadata.source).toBe("checkpoint_zip.pth (torch zip)");
  expect(JSON.parse(source.metadata.config)).toMatchObject({
    ngf: 1,
    use_vae: false,
    num_upsampling_layers: expect.any(String) as string,
  });
  await source.close();
  expect((await info(at("g.safetensors")))[1]).toMatch(/^config, from its metadata: /);
});

test("f16: weights are halved, spectral vectors, running statistics and counts are not", async () => {
  const progress: number[] = [];
  const lines = await convert(fixture("checkpoint_zip.pth"), at("half.safetensors"), {
    dtype: "f16",
    onProgress: (p) => progress.push(p.loaded / p.total),
  });
  const [half, torchHalf] = await Promise.all([
    readFileTensors(at("half.safetensors")),
    readFileTensors(fixture("checkpoint_half.pth")),
  ]);
  const whole = await readFileTensors(fixture("checkpoint_zip.pth"));
  const exact = /weight_[uv]$|running_|num_batches/;
  expectSameTensors(
    half,
    new Map([...torchHalf].map(([name, t]) => [name, exact.test(name) ? (whole.get(name) as HostTensor) : t])),
  );
  expect(progress.at(-1)).toBe(1);
  expect(lines.some((l) => l.startsWith("warning"))).toBe(false);
  // And back: what was half becomes whole again.
  await convert(at("half.safetensors"), at("back.pth"), { dtype: "f32" });
  const back = await readFileTensors(at("back.pth"));
  expect([...back.values()].every((t) => t.dtype !== "F16")).toBe(true);
  expect([...toF32(back.get("fc.bias") as HostTensor)]).toEqual([...toF32(half.get("fc.bias") as HostTensor)]);
});

test("metadata survives .pth and a second conversion", async () => {
  const labels = [
    { id: 0, name: "sky", color: "#70b5e8" },
    { id: 3, name: "tree", color: "#008000", category: "nature" },
  ];
  await writeFile(at("labels.json"), JSON.stringify(labels));
  await convert(fixture("checkpoint_zip.pth"), at("m.pth"), { labels: at("labels.json") });
  await convert(at("m.pth"), at("m16.pth"), { dtype: "f16" });
  const source = await openCheckpointFile(at("m16.pth"));
  expect(JSON.parse(source.metadata.labels)).toEqual(labels);
  expect(source.metadata.source).toBe("checkpoint_zip.pth (torch zip)");
  await source.close();
  expect(await info(at("m16.pth"))).toContain("labels: 2 with names and colours");
});

test("any checkpoint is converted, config or not; a key picks a part", async () => {
  const lines = await convert(fixture("legacy.pth"), at("part.safetensors"), { key: "nets" });
  expect(lines).toContain("note: holds nested dictionaries: G; --key NAME reads one alone");
  expect(lines[1]).toMatch(/^config: none, not a SPADE generator/);
  expect((await readFileTensors(at("part.safetensors"))).has("G.transposed")).toBe(true);
});

test("values beyond f16's range are counted and named", async () => {
  await writeSafetensors(
    await fileSink(at("big.safetensors")),
    toWrite(new Map([["w", f32Tensor([4], Float32Array.of(1, 65519, 65520, -1e6))]])),
  );
  const lines = await convert(at("big.safetensors"), at("big16.safetensors"), { dtype: "f16" });
  expect(lines).toContain("warning: beyond the range of f16 and now infinite: 2 values of w; convert with --dtype f32");
});

test("mistakes are named, and leave no file behind", async () => {
  const before = await readdir(dir);
  const input = fixture("checkpoint_zip.pth");
  const labels = async (text: string): Promise<string> => {
    await writeFile(at("labels.json"), text);
    return at("labels.json");
  };
  expect((await failure(() => convert(input, at("x.onnx")))).code).toBe("usage");
  expect((await failure(() => convert(input, at("x.pth"), { dtype: "f8" as "f16" }))).code).toBe("usage");
  expect((await failure(() => convert(at("none.pth"), at("x.pth")))).problem).toBe("does not exist");
  // The folder of an output is made where it can be; a file is no folder.
  expect((await failure(() => convert(input, `${input}/x.pth`))).where).toContain("checkpoint_zip.pth");
  for (const [text, expected] of [
    ["{", "is not JSON"],
    ["{}", "is not a list"],
    ["[null]", "entry 0 has no id, name and color"],
    ['[{"id":0,"name":"a","color":"#000"},{"id":0,"name":"b","color":"#000"}]', "id 0 comes twice"],
    ['[{"id":9999,"name":"a","color":"#000"}]', /^id 9999 is beyond the net's labels, 0 to \d+$/],
    ['[{"id":0,"name":"a","color":"blueish"}]', /not a colour/],
  ] as const) {
    const error = await failure(async () => convert(input, at("x.pth"), { labels: await labels(text) }));
    expect(error.problem).toMatch(expected);
  }
  expect(await readdir(dir)).toEqual(before);
});

test("info lists tensors", async () => {
  const lines = await info(fixture("lpips_squeeze_legacy.pth"));
  expect(lines[0]).toMatch(/^lpips_squeeze_legacy.pth: torch legacy pickle, 7 tensors \(7 F32\)/);
  expect(lines).toContain("lin0.model.1.weight  F32   [1, 64, 1, 1]");
});

test("names and metadata of a file are printed on their own lines, in columns, without commands to the terminal", async () => {
  const t = f32Tensor([1], Float32Array.of(1));
  const tensors = new Map([
    ["\u001b[31mred", t],
    ["two\nlines", t],
    ["w".repeat(5000), t],
  ]);
  const styles = JSON.stringify({ mean: [0, 0], presets: [[1, 2]] });
  const many = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`key ${i}`, "x"]));
  await writeSafetensors(await fileSink(at("names.safetensors")), toWrite(tensors), {
    "evil\n": "a\nnote: forged",
    styles,
    ...many,
  });
  const lines = await info(at("names.safetensors"));
  expect(lines.join("")).not.toMatch(/[\u0000-\u001f]/);
  expect(lines).toContain("evil\\n: a\\nnote: forged");
  expect(lines).toContain("styles: the mean and 1 preset of 2 numbers");
  expect(lines.some((line) => line.startsWith("... and 12 more in the metadata: key 48, key 49"))).toBe(true);
  const columns = lines.slice(-3);
  expect(columns[0]).toMatch(/^\\x1b\[31mred +F32 {3}\[1\]$/);
  expect(new Set(columns.map((line) => line.length))).toEqual(new Set([120 + 2 + 4 + 2 + 3]));
});

test("of more than 2000 tensors info prints the first, unless all are wanted", async () => {
  const t = f32Tensor([1], Float32Array.of(1));
  const tensors = new Map(Array.from({ length: 2005 }, (_, i) => [`t${i}`, t]));
  await writeSafetensors(await fileSink(at("many.safetensors")), toWrite(tensors));
  const lines = await info(at("many.safetensors"));
  expect(lines.at(-1)).toBe("... and 5 more tensors (--all prints them)");
  expect(lines.length).toBe(2003);
  expect((await info(at("many.safetensors"), { all: true })).at(-1)).toMatch(/^t2004 /);
});
