// Plan files of kernel variants, as a command reads them.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { openDeviceFor } from "../../src/cli/inputs/net.ts";
import { Progress } from "../../src/cli/terminal/progress.ts";
import { openNodeDevice } from "../../src/node/dawn.ts";

let dir = "";
beforeAll(async () => void (dir = await mkdtemp(join(tmpdir(), "spade-variants-"))));
afterAll(() => rm(dir, { recursive: true }));
afterEach(() => void delete process.env.SPADE_VARIANTS);

async function plan(text: string): Promise<void> {
  process.env.SPADE_VARIANTS = join(dir, "plan.json");
  await writeFile(process.env.SPADE_VARIANTS, text);
}
const progress = new Progress();
progress.say = () => undefined;

test("the file's variants become the device's; the file goes before the plan of a run", async () => {
  await plan('{ "gemm": "portable" }');
  for (const device of [await openDeviceFor(progress, { gemm: "tiled" }), await openNodeDevice()]) {
    expect(device.target.variants).toEqual({ gemm: "portable" });
    device.dispose();
  }
  delete process.env.SPADE_VARIANTS;
  const device = await openDeviceFor(progress, { gemm: "tiled" });
  expect(device.target.variants).toEqual({ gemm: "tiled" });
  device.dispose();
});

test.each([
  ["nothing", "is not JSON"],
  ["[]", "is no JSON object"],
  ['{ "gemm": 3 }', 'names no variant for "gemm"'],
  ['{ "gem": "tiled" }', '"gem": is no op with variants; there are gemm, '],
  ['{ "gemm": "tild" }', '"tild" is no variant of gemm; there are tiled, subgroup, portable'],
])("%s in a plan file: %s", async (text, problem) => {
  await plan(text);
  await expect(openDeviceFor(progress)).rejects.toMatchObject({
    name: "SpadeError",
    message: expect.stringMatching(/^\/.*plan\.json/) as string,
  });
  await expect(openDeviceFor(progress)).rejects.toThrow(problem);
});

test("a plan file that is not there is named", async () => {
  process.env.SPADE_VARIANTS = join(dir, "none.json");
  await expect(openDeviceFor(progress)).rejects.toThrow(/none\.json: does not exist; check the path of the plan/);
});
