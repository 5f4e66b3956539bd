import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { plainReader } from "../../src/formats/plain_checkpoint.ts";
import { describeStored } from "../../src/session/opening/describe_stored.ts";
import { bytesAccess } from "../../src/formats/tensors.ts";
import { openNodeDevice } from "../../src/node/dawn.ts";
import { Device } from "../../src/runtime/index.ts";
import { createSpadeOn } from "../../src/session/create.ts";
import { plain, stripes, weights } from "./tiny.ts";

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc") as () => void;

/** Bytes of JS heap and of what hangs on it, garbage collected. */
async function heap(): Promise<number> {
  // What is finalized may let go of more, in later turns of the event loop.
  for (let i = 0; i < 3; i++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const WARM = 5;
const TURNS = process.env.SPADE_LONG === "1" ? 30 : 10;
/** Bytes that all turns together may leave; a device that is kept leaves some 200 kB of JS and 20 to 40 MB of pipelines. */
const BOUND = 2 ** 20;

/** Runs `turn` again and again; it gives what must be gone after it. */
async function turns(turn: () => Promise<object[]>): Promise<{ grown: number; alive: string[] }> {
  const refs: WeakRef<object>[] = [];
  let before = 0;
  for (let i = 0; i < WARM + TURNS; i++) {
    if (i === WARM) before = await heap();
    refs.push(...(await turn()).map((o) => new WeakRef(o)));
    if (i >= WARM) await heap();
  }
  const after = await heap();
  const alive = refs.flatMap((ref) => ref.deref()?.constructor.name ?? []);
  return { grown: after - before, alive };
}

test("Spades made, used and disposed leave nothing: no device, no pipelines, no heap, no GPU bytes", async () => {
  const file = await weights(plain);
  const map = stripes(64, 64, 4);
  const left: number[] = [];
  const { grown, alive } = await turns(async () => {
    let device: Device | undefined;
    const spade = await createSpadeOn(
      {
        format: { readers: [plainReader], open: (access) => plainReader.open(access), describe: describeStored },
        softwareFix: "",
        head: () => Promise.resolve(undefined),
        readPhoto: () => Promise.reject(new Error("no photos here")),
        openDevice: async (options) => (device = await openNodeDevice(options)),
        open: () => Promise.resolve(bytesAccess(file, "tiny")),
      },
      { weights: file },
    );
    spade.addEventListener("notice", () => undefined);
    await spade.generate(map);
    expect(device!.allocated).toBeGreaterThan(0);
    expect(device!.pipelines.size).toBeGreaterThan(0);
    spade.dispose();
    left.push(device!.allocated, device!.pipelines.size);
    return [spade, device!, device!.gpu, device!.pipelines];
  });
  expect(left.every((n) => n === 0)).toBe(true);
  expect(alive).toEqual([]);
  expect(grown).toBeLessThan(BOUND);
}, 400_000);

test("a device that nobody disposes goes with the last that used it", async () => {
  const { alive } = await turns(async () => {
    const device = await openNodeDevice();
    return [device, device.gpu];
  });
  expect(alive).toEqual([]);
}, 60_000);

test("Devices on a borrowed GPUDevice leave nothing on it", async () => {
  const owner = await openNodeDevice();
  const { grown, alive } = await turns(() => {
    const device = new Device(owner.gpu, owner.info, false);
    device.alloc("some", 1024);
    device.dispose();
    expect(device.allocated).toBe(0);
    return Promise.resolve([device]);
  });
  owner.dispose();
  expect(alive).toEqual([]);
  expect(grown).toBeLessThan(BOUND);
});
