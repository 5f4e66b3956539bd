import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeManifest } from "../../src/cli/commands/manifest.ts";
import { PART, parseManifest, sha256 } from "../../src/formats/manifest.ts";
import { writeSafetensors } from "../../src/formats/safetensors.ts";
import { memorySink } from "../../src/formats/tensors.ts";

let folder = "";
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "manifest-"))));
afterEach(() => rmSync(folder, { recursive: true }));

test("hashes the file and its parts, and leaves other files alone", async () => {
  const sink = memorySink();
  const data = new Uint8Array(PART + 5).fill(3);
  await writeSafetensors(sink, [{ name: "t", dtype: "U8", shape: [data.length], data: () => data }]);
  const bytes = sink.bytes();
  const file = join(folder, "net.safetensors");
  writeFileSync(file, bytes);
  expect((await writeManifest(file))[0]).toMatch(
    /^wrote .*net\.safetensors\.json: 2 parts of 4 MB; put it beside the file$/,
  );
  expect(parseManifest(readFileSync(`${file}.json`, "utf8"))).toEqual({
    bytes: bytes.length,
    sha256: await sha256(bytes),
    parts: [await sha256(bytes.subarray(0, PART)), await sha256(bytes.subarray(PART))],
  });
  writeFileSync(`${file}.json`, "a note");
  await expect(writeManifest(file)).rejects.toMatchObject({ code: "usage" });
  expect(readFileSync(`${file}.json`, "utf8")).toBe("a note");
});

test("is for safetensors alone", async () => {
  const file = join(folder, "note.txt");
  writeFileSync(file, "no weights");
  await expect(writeManifest(file)).rejects.toMatchObject({ code: "file" });
});
