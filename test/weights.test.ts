// The files under weights/ are those that their manifests describe.

import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { openFile } from "../src/formats/file.ts";
import { PART, parseManifest } from "../src/formats/manifest.ts";
import { openSafetensors } from "../src/formats/safetensors.ts";
import { toF32 } from "../src/formats/tensors.ts";
import { withoutInt8 } from "../src/models/weights/int8.ts";
import { decodePresets } from "../src/models/presets.ts";
import { landscapeLabels } from "../src/pictures/landscape_labels.ts";
import { parseLabels } from "../src/pictures/label_names.ts";

/** What makes the folder an npm package. */
const PACKAGE = ["package.json", "README.md", "LICENSE.md"];
const folder = fileURLToPath(new URL("../weights", import.meta.url));

interface Described {
  file: string;
  sha256: string;
  bytes: number;
}

test("every file has a manifest, with its size and checksum", async () => {
  const names = (await readdir(folder)).filter((name) => !PACKAGE.includes(name));
  const described: Described[] = [];
  for (const name of names.filter((n) => n.endsWith(".json") && !n.endsWith(".safetensors.json"))) {
    const manifest = JSON.parse(await readFile(join(folder, name), "utf8")) as Described & { files?: Described[] };
    described.push(...(manifest.files ?? [manifest]));
  }
  expect(described.map((d) => d.file).sort()).toEqual(names.filter((n) => !n.endsWith(".json")).sort());
  for (const { file, sha256, bytes } of described) {
    const content = await readFile(join(folder, file));
    expect(content.length, file).toBe(bytes);
    expect(createHash("sha256").update(content).digest("hex"), file).toBe(sha256);
  }
});

test("what a page checks while a net arrives fits the net", async () => {
  for (const name of (await readdir(folder)).filter((n) => n.endsWith(".safetensors.json"))) {
    const manifest = parseManifest(await readFile(join(folder, name), "utf8"))!;
    const content = await readFile(join(folder, name.replace(/\.json$/, "")));
    const hash = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
    const parts = manifest.parts.map((_, i) => hash(content.subarray(i * PART, (i + 1) * PART)));
    expect(manifest, name).toEqual({ bytes: content.length, sha256: hash(content), parts });
  }
});

test.each(["landscape", "street"])("the shipped %s nets are small enough to be in a repository", async (name) => {
  const nets = (await readdir(folder)).filter((n) => n.startsWith(`${name}_net_`) && n.endsWith(".safetensors"));
  expect(nets.sort()).toEqual([`${name}_net_E.safetensors`, `${name}_net_G.safetensors`]);
  let bytes = 0;
  for (const net of nets) bytes += (await readFile(join(folder, net))).length;
  expect(bytes).toBeLessThan(34e6);
});

test("the landscape net has the labels that photos get, and styles with names, the first of which is the default", async () => {
  const file = await openSafetensors(await openFile(join(folder, "landscape_net_G.safetensors")));
  expect(parseLabels(file.metadata.labels, "labels")).toEqual(landscapeLabels());
  const described = JSON.parse(await readFile(join(folder, "landscape.json"), "utf8")) as {
    labels: unknown;
    styles: { presets: string[]; default: string };
  };
  expect(described.labels).toEqual(landscapeLabels());
  const names = decodePresets(file.metadata.styles, 64).map(({ name }) => name);
  expect(names).toEqual([...described.styles.presets, "mean"]);
  expect([names.length, names[0]]).toEqual([9, described.styles.default]);
  await file.close();
});

test("the segmenter's weights are int8 with scales, finite, and say their classes and their licence", async () => {
  const name = "ade20k_segmenter.safetensors";
  const file = await openSafetensors(await openFile(join(folder, name)));
  const bytes = (await readFile(join(folder, name))).length;
  expect(bytes).toBeLessThan(2.5e6);
  const source = withoutInt8(file, name);
  let values = 0;
  for (const key of source.names()) {
    const tensor = toF32(await source.read(key));
    expect(tensor.every(Number.isFinite), key).toBe(true);
    values += tensor.length;
  }
  // Nearly a byte a value: but for biases and the first layers they are int8.
  expect(bytes / values).toBeLessThan(1.1);
  const { segmenter, labels, source: from, licence } = source.metadata;
  expect(JSON.parse(segmenter)).toEqual({ size: 513, classes: 151 });
  const classes = parseLabels(labels, name).map((l) => l.name);
  expect([classes.length, classes[0], classes[1], classes[3], classes[150]]).toEqual([
    151,
    "other",
    "wall",
    "sky",
    "flag",
  ]);
  expect(from).toContain("TensorFlow");
  expect(licence).toContain("Apache License 2.0");
  const licences = await readFile(join(folder, "LICENSE.md"), "utf8");
  expect(licences).toContain(`## ${name}: Apache License 2.0`);
  expect(licences).toContain("TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION");
  await source.close();
});
