// Files of style codes: those that the published SEAN code saved, LABEL/ACE.npy in a photo's folder, and JSON; and mean codes that are stored
// with a net.

import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { convert } from "../../src/cli/commands/convert.ts";
import { generate, type GenerateOptions } from "../../src/cli/commands/generate.ts";
import { readCodes } from "../../src/cli/inputs/region_codes.ts";
import { Progress } from "../../src/cli/terminal/progress.ts";
import { stripes } from "../api/tiny.ts";
import { seanWeights } from "../api/tiny_sean.ts";
import { labelPng } from "../datasets/folders.ts";
import { npyFile } from "../formats/npy_file.ts";

const regions = { labels: 4, length: 8 };
/** Exact in six digits and in float32. */
const code = (label: number): number[] => Array.from({ length: 8 }, (_, i) => (label * 8 + i - 12) / 32);

const npy = (values: readonly number[], shape: readonly number[], header?: string): Buffer =>
  npyFile(shape, Float32Array.from(values), header);

let dir: string;
const at = (...names: string[]): string => join(dir, ...names);
const codesOf = (labels: readonly number[]): Record<number, Float32Array> =>
  Object.fromEntries(labels.map((label) => [label, Float32Array.from(code(label))]));

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "spade-codes-"));
  for (const label of [0, 1, 3]) {
    await mkdir(at("style_codes", "31.png", String(label)), { recursive: true });
    await writeFile(
      at("style_codes", "31.png", String(label), "ACE.npy"),
      label ? npy(code(label), [8]) : npyFile([8], Float64Array.from(code(label))),
    );
  }
  // Of a label that no photo had: the published code makes the folder all the same.
  await mkdir(at("style_codes", "31.png", "2"));
  await writeFile(at("one.npy"), npy(code(2), [8]));
  await writeFile(at("all.npy"), npy([...code(0), ...code(1), ...Array<number>(8).fill(0), ...code(3)], [4, 8]));
  await writeFile(at("net.safetensors"), await seanWeights());
  const { data } = stripes(64, 64, 4);
  await writeFile(
    at("map.png"),
    labelPng(64, 64, (x, y) => data[64 * y + x]),
  );
});
afterAll(() => rm(dir, { recursive: true, force: true }));

test("a photo's folder, an array of all labels, a file of one", async () => {
  expect(await readCodes(at("style_codes", "31.png"), regions)).toEqual(codesOf([0, 1, 3]));
  expect(await readCodes(at("all.npy"), regions)).toEqual(codesOf([0, 1, 3]));
  expect(await readCodes(at("one.npy"), regions, 2)).toEqual(codesOf([2]));
});

test("what does not fit is said in one line", async () => {
  const refusal = async (path: string): Promise<string> =>
    readCodes(path, regions).then(
      () => "read",
      ({ code, message }: { code: string; message: string }) => `${code}: ${message.replaceAll(dir, "DIR")}`,
    );
  await mkdir(at("long", "1"), { recursive: true });
  await writeFile(at("long", "1", "ACE.npy"), npy([...code(0), ...code(1)], [16]));
  await mkdir(at("far", "9"), { recursive: true });
  await writeFile(at("far", "9", "ACE.npy"), npy(code(0), [8]));
  await mkdir(at("square", "1"), { recursive: true });
  await writeFile(at("square", "1", "ACE.npy"), npy([...code(0), ...code(1)], [2, 8]));
  await writeFile(at("ends.npy"), npy(code(0), [8]).subarray(0, -4));
  await writeFile(at("big_endian.npy"), npy(code(0), [8], "{'descr': '>f4', 'fortran_order': False, 'shape': (8,), }"));
  await writeFile(at("nan.npy"), npy(Array<number>(32).fill(NaN), [4, 8]));
  expect(await refusal(at("one.npy"))).toBe(
    "file: DIR/one.npy: is the code of one label; write --style_of LABEL=FILE.npy, or give the folder of all labels",
  );
  expect(await refusal(at("long"))).toMatch(
    /^file: DIR\/long, label 1: has 16 numbers where the net's style_length is 8; /,
  );
  expect(await refusal(at("far"))).toMatch(/^file: DIR\/far, label 9: is none of the net's 4 regions; /);
  expect(await refusal(at("square"))).toMatch(/^file: DIR\/square\/1\/ACE.npy: has shape \[2, 8\]; /);
  expect(await refusal(at("ends.npy"))).toMatch(/^file: DIR\/ends.npy: holds 28 bytes where its shape needs 32; /);
  expect(await refusal(at("big_endian.npy"))).toMatch(
    /^file: .* no little-endian float32 or float64 array in C order; /,
  );
  expect(await refusal(at("nan.npy"))).toMatch(/^file: DIR\/nan.npy, label 0: has NaN or Inf; /);
  expect(await refusal(at("style_codes"))).toBe(
    "file: DIR/style_codes: holds no LABEL/ACE.npy; give the folder of one photo: DIR/style_codes/31.png",
  );
  expect(await refusal(at("none.npy"))).toMatch(/^file: DIR\/none.npy: ENOENT/);
});

test("generate paints in them what it paints in the same codes as JSON", async () => {
  await writeFile(
    at("codes.json"),
    JSON.stringify(Object.fromEntries([0, 1, 2, 3].map((label) => [label, code(label)]))),
  );
  const paint = async (name: string, o: Partial<GenerateOptions>): Promise<Buffer> => {
    const weights = at("net.safetensors");
    const raw = at(`${name}.safetensors`);
    for await (const line of generate({ weights, label: [at("map.png")], raw, overrides: {}, ...o }, new Progress()))
      expect(line).toContain("64x64");
    return readFile(raw);
  };
  const json = await paint("json", { style: at("codes.json") });
  const own = `2=${at("one.npy")}`;
  expect(await paint("folder", { style: at("style_codes", "31.png"), style_of: [own] })).toEqual(json);
  expect(await paint("array", { style: at("all.npy"), style_of: [own] })).toEqual(json);
  const other = await paint("other", { style: at("codes.json"), style_of: [`1=${at("one.npy")}`] });
  expect(other).not.toEqual(json);
});

test("convert stores mean codes with a net, for labels without a style", async () => {
  const mean = JSON.stringify(Object.fromEntries([0, 1, 2, 3].map((label) => [label, code(label)])));
  await writeFile(at("mean.json"), mean);
  await convert(at("net.safetensors"), at("with_mean.safetensors"), { styles: at("mean.json") });
  const paint = async (name: string, weights: string, style?: string): Promise<Buffer> => {
    const o = { weights: at(weights), label: [at("map.png")], raw: at(`${name}.safetensors`), overrides: {}, style };
    for await (const _ of generate(o, new Progress()));
    return readFile(o.raw);
  };
  await expect(paint("none", "net.safetensors")).rejects.toThrow(/style of label 0/);
  expect(await paint("stored", "with_mean.safetensors")).toEqual(
    await paint("given", "net.safetensors", at("mean.json")),
  );
  // Those of the published code too, and what is none is refused before anything is written.
  await convert(at("net.safetensors"), at("published.safetensors"), { styles: at("style_codes", "31.png") });
  await expect(convert(at("net.safetensors"), at("no.safetensors"), { styles: at("map.png") })).rejects.toThrow(
    /map.png: holds no codes of labels; /,
  );
});
