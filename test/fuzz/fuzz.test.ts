// A hundred mutants of each reader's files, and the hostile files that are small: read, or refused in one line.

import { expect, test } from "vitest";
import { READERS } from "./readers.ts";
import { Files } from "./run.ts";

const COUNT = 100;

test.each(Object.keys(READERS))("%s: a hundred damaged files are read, or refused in one line", async (name) => {
  const files = await Files.of(name, 1);
  const failed: string[] = [];
  for (let index = files.hostileCount; index < files.hostileCount + COUNT; index++) {
    const { outcome, message } = await files.run(files.at(index));
    if (outcome === "raw") failed.push(`npm run fuzz -- --replay ${name} 1 ${index}: ${message}`);
  }
  expect(failed).toEqual([]);
});

test.each(Object.entries(READERS))("%s: the first file is read before it is damaged", async (_, reader) => {
  const [first] = await reader.files();
  await reader.read(first);
});

test("a seed and an index give the same bytes again, another index other ones", async () => {
  const [a, b] = [await Files.of("coco", 7), await Files.of("coco", 7)];
  const index = a.hostileCount + 3;
  expect(a.at(index)).toEqual(b.at(index));
  expect(a.at(index)).not.toEqual(b.at(index + 1));
  expect(a.at(index)).not.toEqual((await Files.of("coco", 8)).at(index));
});
