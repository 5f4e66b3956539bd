// The files under weights/ are those that their manifests describe.

import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { PART, parseManifest } from "../src/formats/manifest.ts";

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

test("the shipped street nets are small enough to be in a repository", async () => {
  const nets = (await readdir(folder)).filter((n) => n.startsWith("street_net_") && n.endsWith(".safetensors"));
  expect(nets.sort()).toEqual(["street_net_E.safetensors", "street_net_G.safetensors"]);
  let bytes = 0;
  for (const net of nets) bytes += (await readFile(join(folder, net))).length;
  expect(bytes).toBeLessThan(28e6);
});
