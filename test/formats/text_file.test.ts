// Text files that users name: bounded, and refused in the same words everywhere.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { metadataLines, summary, tensorLines } from "../../src/cli/reports/checkpoint_report.ts";
import { listedLabels } from "../../src/datasets/names.ts";
import { fileProblem } from "../../src/datasets/label_file.ts";
import { listFolder } from "../../src/datasets/folder.ts";
import { defaultData } from "../../src/datasets/options.ts";
import { openCheckpoint } from "../../src/formats/any_checkpoint.ts";
import { textOfFile } from "../../src/formats/file.ts";
import { writeSafetensors } from "../../src/formats/safetensors.ts";
import { bytesAccess, memorySink } from "../../src/formats/tensors.ts";
import { parseLabels } from "../../src/pictures/label_names.ts";
import { savedFields } from "../../src/training/state_check.ts";
import { scratch } from "../datasets/folders.ts";

test("a text file is read up to a limit, a device no further", async () => {
  const dir = await scratch();
  const path = join(dir, "list.json");
  writeFileSync(path, "ä".repeat(200_000));
  expect(textOfFile(path)).toBe("ä".repeat(200_000));
  expect(() => textOfFile(path, 1000)).toThrow(/list\.json: has more than 1000 bytes, the most for such a file; check/);
  expect(textOfFile(join(dir, "none"))).toBeUndefined();
  expect(() => textOfFile(dir)).toThrow(/: is a folder; give a file$/);
  writeFileSync(path, " ".repeat(9e6));
  expect(() => listedLabels({ ...defaultData, labels: path })).toThrow(/list\.json: has more than 8000000 bytes/);
  expect(() => listedLabels({ ...defaultData, labels: join(dir, "none") })).toThrow(/none: does not exist; check/);
  await expect(listFolder(dir, "--label_dir")).rejects.toThrow(/has no picture in it/);
});

test.runIf(process.platform === "linux")("a device without end is read no further than the limit", () => {
  expect(() => textOfFile("/dev/zero")).toThrow(/^\/dev\/zero: has more than 8000000 bytes/);
});

test.each([
  ["EROFS", "p: is on a disk that is read-only; write elsewhere"],
  ["EACCES", "p: may not be opened; check its permissions"],
  ["ENOENT", "p: does not exist; check the path"],
])("a picture that %s keeps from being read says so", (code, message) => {
  expect(fileProblem("p", Object.assign(new Error(code), { code })).message).toBe(message);
});

test("JSON of nothing but brackets makes no list of labels and no state", () => {
  expect(() => parseLabels("[".repeat(4e6), "list")).toThrow(/^list: is not JSON/);
  expect(() => parseLabels(`[${"[],".repeat(1e6)}[]]`, "list")).toThrow(
    /^list: has more entries than there are ids, 0 to 65535/,
  );
  expect(savedFields(`{"position":{"epoch":${"[".repeat(1e5)}${"]".repeat(1e5)}}}`)).toBe("has no position");
});

test("a checkpoint of one tensor of one value is told in the singular", async () => {
  const sink = memorySink();
  await writeSafetensors(sink, [{ name: "a", dtype: "F32", shape: [1], data: () => new Uint8Array(4) }], {});
  const one = await openCheckpoint(bytesAccess(sink.bytes(), "one.safetensors"));
  expect(summary("one.safetensors", one)).toContain("1 tensor (1 F32), 1 value, ");
  expect(tensorLines(one, false)).toHaveLength(1);
  expect(metadataLines({ styles: '{"mean":[0,0],"presets":[{}]}' })).toEqual([
    "styles: the mean and 1 preset of 2 numbers",
  ]);
});
