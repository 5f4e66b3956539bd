// f16 storage against f32: same net, same map, PSNR of the picture, its own range as the peak.

import { loadGenerator } from "../../src/painting/open_net.ts";
import { expect, test } from "vitest";
import { buildLevels } from "../../src/labels/levels.ts";
import { defaultConfig, parseNormG, type Config } from "../../src/models/config.ts";
import { outputSize } from "../../src/models/kinds.ts";
import { resolutions } from "../../src/models/nets/generator.ts";
import { normalValues } from "../../src/models/philox.ts";
import { SpadePainter } from "../../src/painting/spade_painter.ts";
import { powerIterate, seededGenerator } from "../../src/models/weights/seeded.ts";
import { memorySource } from "../../src/models/weights/source.ts";
import { testDevice } from "../support/device.ts";
import { F16_PSNR } from "../tolerances.ts";

test.each(["spectralspadeinstance3x3", "spectralspadesyncbatch3x3"])(
  "f16 storage paints the same picture as f32 (%s)",
  async (norm_G) => {
    const device = await testDevice();
    expect(device.gpu.features.has("shader-f16")).toBe(true);
    const c: Config = { ...defaultConfig, ngf: 4, label_nc: 5, crop_size: 64, use_vae: true, z_dim: 16, norm_G };
    const state = seededGenerator(c, 5, 0.5);
    powerIterate(state, 10);
    const { h, w } = outputSize(c);
    const map = {
      width: w,
      height: h,
      data: Uint8Array.from({ length: w * h }, (_, i) => ((i % w) * 5) / w + (i / w > 30 ? 1 : 0)),
    };
    const windows = buildLevels(
      [map],
      null,
      { labelCount: 6, dontCare: 5, edges: true },
      resolutions(c).map((r) => ({ ...r, k: parseNormG(norm_G).k })),
    );
    const paint = async (dtype: "f32" | "f16"): Promise<Float32Array> => {
      const runner = await SpadePainter.create(device, c, await loadGenerator(device, c, memorySource(state), dtype));
      await runner.setMap(windows);
      const image = await runner.paint(normalValues(1, 16));
      runner.dispose();
      return image;
    };
    const [a, b] = [await paint("f32"), await paint("f16")];
    const mse = a.reduce((sum, v, i) => sum + (v - b[i]) ** 2, 0) / a.length;
    expect(mse).toBeGreaterThan(0);
    const spread = Math.max(...a) - Math.min(...a);
    expect(spread).toBeGreaterThan(0.1);
    expect(10 * Math.log10(spread ** 2 / mse)).toBeGreaterThanOrEqual(F16_PSNR);
  },
);
