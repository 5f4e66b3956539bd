import { afterAll, expect, test } from "vitest";
import type { Config } from "../../src/models/config.ts";
import { pix2pixhdShapes } from "../../src/models/nets/pix2pixhd.ts";
import {
  seededGenerator,
  seededState,
  spectralLayers,
  spectralSigma,
  type HostState,
} from "../../src/models/weights/seeded.ts";
import { openNodeDevice } from "../../src/node/dawn.ts";
import { createSpade, SpadeError, type LabelMap, type Progress, type Spade } from "../../src/node.ts";
import { plain, stateFile, stripes, vae, weights } from "./tiny.ts";

const made: Spade[] = [];
async function create(config: Config, more = {}): Promise<Spade> {
  const spade = await createSpade({ weights: await weights(config), ...more });
  spade.addEventListener("notice", () => undefined);
  made.push(spade);
  return spade;
}
afterAll(() => made.forEach((s) => s.dispose()));

test("paints, the same bytes for the same map and style, others for another style or map; tables are kept for a map", async () => {
  const seen: Progress[] = [];
  const spade = await create(vae, { onProgress: (p: Progress) => seen.push({ ...p }) });
  expect(spade.info).toMatchObject({ width: 64, height: 64, stride: 32, dontCare: 4, edges: true, style: { dim: 8 } });
  expect(seen.at(-1)).toMatchObject({ phase: "ready", progress: 1 });
  expect(seen.every((p, i) => i === 0 || p.progress >= seen[i - 1].progress)).toBe(true);

  const map = stripes(64, 64, 4);
  const a = await spade.generate(map, { style: 7 });
  expect([a.width, a.height, a.data.length]).toEqual([64, 64, 64 * 64 * 4]);
  expect(spade.stats!.newWindows).toBeGreaterThan(0);
  const b = await spade.generate(map, { style: 7 });
  expect(b.data).toEqual(a.data);
  expect(spade.stats).toMatchObject({ newWindows: 0, labels: 0, tables: 0 });
  expect((await spade.generate(map, { style: 8 })).data).not.toEqual(a.data);
  expect((await spade.generate(stripes(64, 64, 3), { style: 7 })).data).not.toEqual(a.data);
  expect((await spade.generate(map, { style: 7, instance: stripes(64, 64, 4, 2) })).data).not.toEqual(a.data);
  expect((await spade.generate(map, { style: 7 })).data).toEqual(a.data);
});

test("a map of noise outgrows the tables and stays correct; the map before it comes out as before", async () => {
  const spade = await create(plain);
  const map = stripes(64, 64, 4, 16);
  const before = await spade.generate(map);
  const noise: LabelMap = {
    width: 64,
    height: 64,
    data: Uint8Array.from({ length: 64 * 64 }, (_, i) => Math.imul(i + 1, 2654435761) >>> 30),
  };
  const noisy = await spade.generate(noise);
  const fresh = await create(plain);
  expect((await fresh.generate(noise)).data).toEqual(noisy.data);
  const after = await spade.generate(map);
  // Tables may now be made densely, in another order of sums.
  const worst = after.data.reduce((m, v, i) => Math.max(m, Math.abs(v - before.data[i])), 0);
  expect(worst).toBeLessThanOrEqual(1);
});

test("paints with pix2pixHD's generator, which has no style", async () => {
  const c: Config = {
    ...plain,
    netG: "pix2pixhd",
    norm_G: "spectralinstance",
    resnet_n_downsample: 2,
    resnet_n_blocks: 1,
    crop_size: 20,
  };
  const state = seededState(pix2pixhdShapes(c), 3, 1);
  const spade = await createSpade({ weights: await stateFile(state, { config: JSON.stringify(c) }) });
  spade.addEventListener("notice", () => undefined);
  made.push(spade);
  expect(spade.info).toMatchObject({ width: 20, height: 20, stride: 4, edges: false, style: null });
  const a = await spade.generate(stripes(20, 20, 4, 4));
  const b = await spade.generate(stripes(20, 20, 3, 4));
  expect(b.data).not.toEqual(a.data);
  expect((await spade.generate(stripes(20, 20, 4, 4))).data).toEqual(a.data);
  await expect(spade.generate(stripes(20, 20, 4, 4), { style: 1 })).rejects.toMatchObject({ code: "unsupported" });
  await expect(spade.generate(stripes(16, 20, 4))).rejects.toMatchObject({ code: "shape" });
  const larger = await createSpade({ weights: await stateFile(state, { config: JSON.stringify(c) }), size: [32, 24] });
  larger.addEventListener("notice", () => undefined);
  made.push(larger);
  expect(await larger.generate(stripes(32, 24, 4))).toMatchObject({ width: 32, height: 24 });
});

test("says what is wrong, where, and what to do", async () => {
  const spade = await create(plain);
  const bad = stripes(64, 64, 4);
  bad.data[65 * 3] = 9;
  await expect(spade.generate(bad)).rejects.toMatchObject({ code: "label" });
  await expect(spade.generate(stripes(32, 32, 4))).rejects.toMatchObject({ code: "shape" });
  await expect(spade.generate(stripes(64, 64, 4), { style: 1 })).rejects.toMatchObject({ code: "unsupported" });
  await expect(createSpade({ weights: new Uint8Array([1, 2, 3]) })).rejects.toBeInstanceOf(SpadeError);
  await expect(createSpade({ weights: await weights(plain), integrity: "sha256-AAAA" })).rejects.toMatchObject({
    code: "integrity",
  });
});

test("spectral norm as torch up to 1.0 stored it (weight = weight_orig / sigma beside it, no v) paints the same picture", async () => {
  const state = seededGenerator(plain, 3, 1);
  const old: HostState = new Map([...state].filter(([key]) => !key.endsWith(".weight_v")));
  for (const name of spectralLayers(state)) {
    const { shape, data } = state.get(`${name}.weight_orig`)!;
    const sigma = spectralSigma(state, name);
    old.set(`${name}.weight`, { shape, data: data.map((v) => v / sigma) });
  }
  const map = stripes(64, 64, 4, 5);
  const a = await (await create(plain)).generate(map);
  for (const metadata of [{ config: JSON.stringify(plain) }, {}] as Record<string, string>[]) {
    const spade = await createSpade({ weights: await stateFile(old, metadata), size: [64, 64] });
    made.push(spade);
    spade.addEventListener("notice", () => undefined);
    // Without metadata the label space is a guess (4 channels: 3 labels and edges), so only the size is compared then.
    if (!metadata.config) expect([spade.info.width, spade.info.edges]).toEqual([64, true]);
    else
      expect(
        (await spade.generate(map)).data.reduce((m, v, i) => Math.max(m, Math.abs(v - a.data[i])), 0),
      ).toBeLessThanOrEqual(1);
  }
});

test("another size of a net without VAE", async () => {
  const spade = await create(plain, { size: [96, 32] });
  const picture = await spade.generate(stripes(96, 32, 4));
  expect([picture.width, picture.height]).toEqual([96, 32]);
});

test("aborts with the signal's reason, and goes on afterwards", async () => {
  const spade = await create(plain);
  const stop = new AbortController();
  const reason = new Error("enough");
  const first = spade.generate(stripes(64, 64, 4), { signal: stop.signal });
  stop.abort(reason);
  await expect(first).rejects.toBe(reason);
  await expect(createSpade({ weights: await weights(plain), signal: stop.signal })).rejects.toBe(reason);
  expect((await spade.generate(stripes(64, 64, 4))).width).toBe(64);
});

test("a borrowed device survives dispose(), and every call after dispose() throws", async () => {
  const device = await openNodeDevice();
  const spade = await create(plain, { device: device.gpu });
  await spade.generate(stripes(64, 64, 4));
  spade.dispose();
  spade.dispose();
  await expect(spade.generate(stripes(64, 64, 4))).rejects.toMatchObject({ code: "disposed" });
  const buffer = device.gpu.createBuffer({ size: 16, usage: 4 });
  await device.gpu.queue.onSubmittedWorkDone();
  buffer.destroy();
  expect(device.state).toBe("alive");
  device.dispose();
});
