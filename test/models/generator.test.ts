// The whole generator against an independent float64 one on the host (dense one-hot convolutions, published formulas): every kind of
// norm_G, upsampling, aspect ratio and label space; tables by lookup and densely.

import { loadGenerator } from "../../src/painting/open_net.ts";
import { expect, test } from "vitest";
import { denseSemantics } from "../../src/export/onnx/semantics.ts";
import type { LabelMap } from "../../src/labels/label_map.ts";
import { buildLevels } from "../../src/labels/levels.ts";
import { defaultConfig, labelCount, parseNormG, semanticNc, type Config } from "../../src/models/config.ts";
import { outputSize } from "../../src/models/kinds.ts";
import { noisePlane } from "../../src/models/nets/noise.ts";
import { resolutions } from "../../src/models/nets/generator.ts";
import { roomFor } from "../../src/painting/choose_room.ts";
import { normalValues } from "../../src/models/philox.ts";
import { SpadePainter } from "../../src/painting/spade_painter.ts";
import { powerIterate, seeded, seededGenerator } from "../../src/models/weights/seeded.ts";
import { memorySource } from "../../src/models/weights/source.ts";
import { hostGenerator } from "../onnx/host_generator.ts";
import { relativeError, testDevice } from "../support/device.ts";
import { ACTIVATION_MAX } from "../tolerances.ts";

const base: Config = { ...defaultConfig, ngf: 1, label_nc: 4, crop_size: 32 };
const cases: [string, Partial<Config>, "regions" | "halves" | "noise"][] = [
  ["spade 1x1, no spectral norm", { norm_G: "spadebatch1x1" }, "regions"],
  ["spectral, sync batch 7x7", { norm_G: "spectralspadesyncbatch7x7" }, "halves"],
  [
    "instance 5x5 (second digit ignored), spectral at the end",
    { norm_G: "spadeinstance5x3spectral", crop_size: 64 },
    "regions",
  ],
  ["noise: dense tables on some levels", { ngf: 2 }, "noise"],
  ["noise, 5x5", { norm_G: "spadebatch5x5", crop_size: 64 }, "noise"],
  [
    "more, 2:1, VAE, no instances",
    { num_upsampling_layers: "more", crop_size: 128, aspect_ratio: 2, use_vae: true, z_dim: 5, no_instance: true },
    "regions",
  ],
  [
    "most, ngf 2, no don't-care",
    { num_upsampling_layers: "most", crop_size: 128, ngf: 2, contain_dontcare_label: false },
    "regions",
  ],
  ["4:3", { crop_size: 128, aspect_ratio: 4 / 3 }, "regions"],
  [
    "one label only",
    { use_vae: true, z_dim: 3, label_nc: 1, contain_dontcare_label: false, no_instance: true },
    "regions",
  ],
  ["noise before each norm", { add_noise: true, crop_size: 64, use_vae: true, z_dim: 3 }, "regions"],
  ["noise before instance norms", { add_noise: true, norm_G: "spadeinstance3x3", crop_size: 64 }, "noise"],
];

test.each(cases)("%s", async (_name, over, kind) => {
  const c: Config = { ...base, ...over };
  const state = seededGenerator(c, 11, 1);
  powerIterate(state, 3);
  for (const [key, t] of state) {
    if (key.endsWith("running_mean")) state.set(key, { shape: t.shape, data: seeded(key, t.shape, 0.3) });
    if (key.endsWith("running_var"))
      state.set(key, { shape: t.shape, data: seeded(key, t.shape, 0.4).map((v) => v + 1) });
    if (key.endsWith("noise_var")) state.set(key, { shape: t.shape, data: seeded(key, t.shape, 1) });
  }
  const { h, w } = outputSize(c);
  const n = labelCount(c);
  const draw = seeded("map", [h * w], 1);
  const label = {
    noise: (i: number) => Math.floor(((draw[i] + 1) / 2) * n),
    regions: (i: number) => (Math.floor((i % w) / 7) + 2 * Math.floor(i / w / 9)) % n,
    halves: (i: number) => (i % w < w / 2 ? 0 : 1),
  }[kind];
  const data = Uint8Array.from({ length: h * w }, (_, i) => label(i));
  const map: LabelMap = { data, width: w, height: h };
  const instance: LabelMap = {
    ...map,
    data: data.map((v, i) => v * 3 + (kind === "halves" ? 0 : Math.floor(i / w / 5) % 2)),
  };
  const k = parseNormG(c.norm_G).k;
  const windows = buildLevels(
    [map],
    [instance],
    { labelCount: n, dontCare: c.contain_dontcare_label ? c.label_nc : null, edges: !c.no_instance },
    resolutions(c).map((r) => ({ ...r, k })),
  );
  if (kind === "noise") expect(windows.map((lw) => roomFor(lw).mode)).toContain("dense");
  else expect(windows.map((lw) => roomFor(lw).mode)).toContain("lookup");

  const device = await testDevice();
  const runner = await SpadePainter.create(device, c, await loadGenerator(device, c, memorySource(state), "f32"), {
    noiseSeed: 5,
  });
  await runner.setMap(windows);
  const z = c.use_vae ? normalValues(2, c.z_dim) : undefined;
  const image = await runner.paint(z);
  runner.dispose();

  const seg = denseSemantics(c, map.data, instance.data, w);
  expect(seg.length).toBe(semanticNc(c) * h * w);
  const reference = hostGenerator(c, state, seg, z, (norm, n) => noisePlane(5, norm, n));
  const ours = new Float32Array(image.length);
  for (let p = 0; p < h * w; p++) for (let ch = 0; ch < 3; ch++) ours[ch * h * w + p] = image[3 * p + ch];
  expect(relativeError(ours, reference)).toBeLessThan(ACTIVATION_MAX);
});
