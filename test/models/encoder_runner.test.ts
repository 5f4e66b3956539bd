// The encoder at inference against PyTorch's outputs, and its config guessed from keys and shapes.

import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { defaultEncoder, encoderNet, encoderShapes } from "../../src/models/nets/encoder.ts";
import { EncoderRunner } from "../../src/painting/encoder_runner.ts";
import { guessEncoder } from "../../src/models/weights/guess_encoder.ts";
import { ParameterStore } from "../../src/models/weights/parameters.ts";
import { seededState } from "../../src/models/weights/seeded.ts";
import { memorySource } from "../../src/models/weights/source.ts";
import { nhwc, openGolden, storedState } from "../conformance/golden.ts";
import { spectralReference } from "../reference/spectral.ts";
import { relativeError, testDevice } from "../support/device.ts";
import { ACTIVATION_MAX } from "../tolerances.ts";

test("equals PyTorch, given the u and v that its training pass left", async () => {
  const golden = await openGolden(
    fileURLToPath(new URL("../fixtures/goldens/encoder_tiny.safetensors", import.meta.url)),
  );
  const config = { ...defaultEncoder, ...golden.config! };
  const net = encoderNet(config);
  const state = seededState(net.shapes, golden.seeds.E.seed, golden.seeds.E.gain);
  for (const [key, t] of await storedState(golden, "E")) state.set(key, t);
  // The reference is a pass in training mode: one power iteration comes first, here on the host.
  for (const key of [...state.keys()].filter((k) => k.endsWith(".weight_orig"))) {
    const [u, v] = ["u", "v"].map((x) => state.get(key.replace("_orig", `_${x}`))!);
    const w = state.get(key)!;
    const moved = spectralReference(w.data, w.shape[0], u.data, v.data, true);
    u.data.set(moved.u);
    v.data.set(moved.v);
  }
  const device = await testDevice();
  const [images, , h, w] = golden.shape("in.image");
  const parameters = await ParameterStore.loadNet(device, net, memorySource(state), "f32");
  const encoder = await EncoderRunner.create(device, config, parameters, { h, w, images });
  const picture = nhwc(await golden.f32("in.image"), golden.shape("in.image"));
  const first = await encoder.encode(picture);
  expect(relativeError(first.mu, await golden.f32("out.mu"))).toBeLessThan(ACTIVATION_MAX);
  expect(relativeError(first.logvar, await golden.f32("out.logvar"))).toBeLessThan(ACTIVATION_MAX);
  // Nothing moves: the same picture has the same style again.
  expect(await encoder.encode(picture)).toEqual(first);
  await expect(encoder.encode(picture.subarray(3))).rejects.toThrow(/43197 values where 43200 are wanted/);
  encoder.dispose();
  await golden.close();
});

test.each(["spectralinstance", "spectralbatch", "spectralnone", "instance", "batch", "none"])(
  "%s is read off keys and shapes",
  (norm_E) => {
    const config = { ngf: 3, z_dim: 7, norm_E };
    expect(guessEncoder(encoderShapes(config))).toEqual(config);
  },
);

test("what is no encoder is refused", () => {
  expect(() => guessEncoder(new Map([["fc.weight", [1]]]))).toThrow(/^encoder: no key layer1.0.weight_orig; /);
});
