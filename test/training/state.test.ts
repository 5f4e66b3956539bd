// A run's states: whole ones are opened, damaged ones are named and passed over.

import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fileSink } from "../../src/formats/file.ts";
import { writeSafetensors } from "../../src/formats/safetensors.ts";
import { openNewest, writeSnapshot } from "../../src/training/folder/state_files.ts";
import { savedFields } from "../../src/training/state_check.ts";
import { savedTraining, tensorsToWrite } from "../../src/training/saved_net.ts";
import type { Snapshot } from "../../src/training/state.ts";

let folder = "";
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), "state-"))));
afterEach(() => rm(folder, { recursive: true, force: true }));

const room = {
  ...{ h: 4, w: 8, mode: "lookup" },
  ...{ inner: { name: "4x8 inner", capacity: 20 }, outer: { name: "4x8 outer", capacity: 30 } },
};
const fields = (step: number) => ({
  position: { epoch: 2, batch: 1, step, pictures: 2 * step },
  losses: { GAN: 0.5, VGG: 3 },
  stepper: { plans: [room], adam: { G: step, D: step } },
});
const tensors = new Map([
  ["G.a", { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
  ["D.b", { shape: [1], data: Float32Array.of(7) }],
]);

async function save(step: number, run: object = fields(step)): Promise<string> {
  const { position } = fields(step);
  const metadata = { run: JSON.stringify(run) };
  await writeSnapshot(folder, { position, nets: new Map(), tensors, metadata } satisfies Snapshot);
  return join(folder, `step_0000000${step}.safetensors`);
}

/** The step of the newest whole state, and what was said. */
async function newest(): Promise<{ step: number | undefined; said: string[] }> {
  const said: string[] = [];
  const found = await openNewest(folder, (line) => said.push(line.replace(`${folder}/`, "")));
  await found?.checkpoint.close();
  return { step: found?.position.step, said };
}

test("a state is one file, the same for the same run, and is opened", async () => {
  const path = await save(4);
  const bytes = await readFile(path);
  await save(4);
  expect(bytes.equals(await readFile(path))).toBe(true);
  expect(await readdir(folder)).toEqual(["step_00000004.safetensors"]);
  expect(await newest()).toEqual({ step: 4, said: [] });
});

test("a flipped bit anywhere, a lost and an added byte: the state is named, and the one before it is taken", async () => {
  await save(3);
  const path = await save(4);
  const bytes = await readFile(path);
  const header = 8 + Number(bytes.readBigUInt64LE());
  expect([bytes.indexOf("G.a"), bytes.indexOf("sha256_of_parts")].every((at) => at > 8 && at < header)).toBe(true);
  expect(bytes.length).toBe(header + 28);
  for (let at = 0; at < bytes.length; at++) {
    const damaged = Buffer.from(bytes);
    damaged[at] ^= 1 << (at % 8);
    await writeFile(path, damaged);
    const { step, said } = await newest();
    expect({ at, step }).toEqual({ at, step: 3 });
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/^step_00000004\.safetensors .+; trying the one before it$/);
    if (at >= header) expect(said[0]).toContain("is damaged: its checksum is another one");
  }
  for (const other of [bytes.subarray(0, -1), Buffer.concat([bytes, Buffer.of(0)]), Buffer.of()]) {
    await writeFile(path, other);
    expect((await newest()).step).toBe(3);
  }
});

test("a state of an earlier version, without a checksum, is believed", async () => {
  const metadata = { run: JSON.stringify(fields(5)) };
  await writeSafetensors(await fileSink(join(folder, "step_00000005.safetensors")), tensorsToWrite(tensors), metadata);
  expect(await newest()).toEqual({ step: 5, said: [] });
});

test("a state of version 0.5, with the hash of the whole file, is opened, and one that is damaged is not", async () => {
  const path = join(folder, "step_00000005.safetensors");
  const none = "0".repeat(64);
  const write = async (sha256: string): Promise<Buffer> => {
    const metadata = { run: JSON.stringify(fields(5)), sha256 };
    await writeSafetensors(await fileSink(path), tensorsToWrite(tensors), metadata);
    return readFile(path);
  };
  const bytes = await write(
    createHash("sha256")
      .update(await write(none))
      .digest("hex"),
  );
  expect(await newest()).toEqual({ step: 5, said: [] });
  bytes[bytes.length - 1] ^= 1;
  await writeFile(path, bytes);
  expect((await newest()).step).toBeUndefined();
});

test("states and nets without a squeezenet_scale are of before 0.8, and mean 1", () => {
  expect(savedFields(JSON.stringify(fields(4)))).toMatchObject({ squeezenet_scale: 1 });
  expect(savedFields(JSON.stringify({ ...fields(4), squeezenet_scale: 0.02 }))).toMatchObject({
    squeezenet_scale: 0.02,
  });
  const position = { epoch: 1, batch: 2, steps: 3, pictures: 6 };
  expect(savedTraining({ training: JSON.stringify(position) })?.squeezenet_scale).toBe(1);
  const given = { ...position, squeezenet_scale: 0.02 };
  expect(savedTraining({ training: JSON.stringify(given) })?.squeezenet_scale).toBe(0.02);
  expect(savedTraining({ config: "{}" })).toBeUndefined();
});

test("fields of another type or beyond their range are named", async () => {
  const { position, losses, stepper } = fields(4);
  const cases: [object, string][] = [
    [{ position: { ...position, epoch: "x" }, losses, stepper }, 'has the position epoch "x"'],
    [{ position: { ...position, epoch: 0 }, losses, stepper }, "has the position epoch 0"],
    [{ position: { ...position, batch: -1 }, losses, stepper }, "has the position batch -1"],
    [{ position: { ...position, step: 1.5 }, losses, stepper }, "has the position step 1.5"],
    [{ position: { epoch: 1, batch: 0, step: 0 }, losses, stepper }, "has the position pictures undefined"],
    [{ position: { ...position, batch: 9 }, losses, stepper }, "has the position batch 9 of step 4 after 8 pictures"],
    [{ position: null, losses, stepper }, "has no position"],
    [{ position, losses: { GAN: "1" }, stepper }, "has losses that are no numbers"],
    [{ position, losses: [], stepper }, "has losses that are no numbers"],
    [{ position, losses }, "has no stepper"],
    [{ position, losses, stepper: { ...stepper, adam: { G: 1 } } }, 'has the stepper adam {"G":1}'],
    [{ position, losses, stepper: { ...stepper, plans: [{ ...room, mode: "x" }] } }, "has the stepper plans "],
    [{ position, losses, stepper: { ...stepper, plans: [{ ...room, inner: 4 }] } }, "has the stepper plans "],
    [
      { position, losses, stepper: { ...stepper, lossScale: { G: { scale: 0, good: 0, skipped: 0 } } } },
      "has the stepper lossScale ",
    ],
    [{ position, losses, stepper, squeezenet_scale: null }, "has the squeezenet_scale null"],
    [{ position, losses, stepper, squeezenet_scale: -1 }, "has the squeezenet_scale -1"],
    [[], "has no position"],
  ];
  await save(3);
  for (const [run, problem] of cases) {
    await save(4, run);
    const { step, said } = await newest();
    expect({ step, said }).toEqual({ step: 3, said: [expect.stringContaining(problem)] });
  }
  expect(savedTraining({ training: '{"epoch":0,"batch":0,"steps":0,"pictures":0}' })).toBeUndefined();
  expect(savedTraining({ training: '{"epoch":1,"batch":-1,"steps":0,"pictures":0}' })).toBeUndefined();
});
