// The maps that benches and tests run on, in a clone with nothing beside it.

import { join } from "node:path";
import { expect, test } from "vitest";
import { allMaps, MAP, root } from "../../bench/lib/maps.ts";

test("where no data lies beside the clone they are the demo's COCO-Stuff maps, not the drawn street", () => {
  const maps = allMaps(64, join(root, "no", "such", "folder"));
  expect(maps.map(({ name }) => name)).toEqual(["000000000785", "000000001268", MAP]);
  for (const { label, instance } of maps)
    expect([label.width, label.height, instance.width, instance.height]).toEqual([64, 64, 64, 64]);
});
