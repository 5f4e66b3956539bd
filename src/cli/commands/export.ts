// export: writes the generator as ONNX (opset 17, standard operators only), runs it on the CPU and compares its picture with ours.

import { rm } from "node:fs/promises";
import { noteInput } from "../../formats/inputs.ts";
import { toInstall } from "../../formats/packaged.ts";
import type { Sink } from "../../formats/tensors.ts";
import { exportGenerator, noisePlanes } from "../../export/onnx/generator.ts";
import { denseSemantics } from "../../export/onnx/semantics.ts";
import { labelCount, semanticNc, type Config } from "../../models/config.ts";
import { positionsOf } from "../../labels/positions.ts";
import { kindOf, netOf, outputSize } from "../../models/kinds.ts";
import { noisePlane } from "../../models/nets/noise.ts";
import { normalValues } from "../../models/philox.ts";
import type { HostState } from "../../models/weights/seeded.ts";
import { memorySource } from "../../models/weights/source.ts";
import { counted, SpadeError } from "../../runtime/errors.ts";
import { openNetFor, withNetFile } from "../inputs/net.ts";
import { Outputs } from "../terminal/output.ts";
import type { Progress } from "../terminal/progress.ts";

export interface ExportOptions {
  weights: string;
  onnx: string;
  key?: string;
  force?: boolean;
  overrides: Partial<Config>;
}

/** Largest difference allowed between ONNX Runtime's picture and ours; values are in [-1,1]. */
const TOLERANCE = 1e-3;

type Ort = typeof import("onnxruntime-node");

export async function exportOnnx(o: ExportOptions, progress: Progress): Promise<string[]> {
  const outputs = new Outputs(o.force);
  const output = { path: o.onnx, kind: "onnx" } as const;
  const { config, state } = await readState(o, progress, () => outputs.check([output]));
  await progress.during(`writing ${o.onnx}`, async () => write(await outputs.sink(output), config, state));
  const { h, w } = outputSize(config);
  const planes = noisePlanes(config);
  const noise = planes.length ? `, ${counted(planes.length, "plane")} of noise NORM.noise [1,1,h,w]` : "";
  const z = config.use_vae ? `, z [1,${config.z_dim}]` : "";
  const dist = config.add_dist ? `, dist [1,2,${h},${w}]` : "";
  const inputs = `seg [1,${semanticNc(config)},${h},${w}]${z}${dist}${noise}`;
  const lines = [`wrote ${o.onnx}: opset 17, inputs ${inputs}, output image [1,3,${h},${w}]`];
  let ort: Ort;
  try {
    ort = await import("onnxruntime-node");
  } catch {
    return [
      ...lines,
      `not checked: the check runs it with the npm package onnxruntime-node, which is not installed here; ${toInstall("onnxruntime-node")}`,
    ];
  }
  const { difference, saturated } = await check(ort, o.onnx, config, state, progress);
  if (!(difference <= TOLERANCE)) {
    await rm(o.onnx, { force: true });
    throw new SpadeError(
      "integrity",
      o.onnx,
      `gives a picture that differs from ours by ${difference.toExponential(1)} (allowed ${TOLERANCE})`,
      "the file was removed; please report it with the output of: npx spade-webgpu info WEIGHTS",
    );
  }
  lines.push(
    `checked: on ONNX Runtime's CPU provider it differs from our picture by at most ${difference.toExponential(1)} (range -1..1)`,
  );
  if (saturated > 0.5)
    lines.push(
      `note: ${(100 * saturated).toFixed(0)} % of that picture's values are -1 or 1 (an untrained net?), which makes the check a weak one`,
    );
  return lines;
}

/** @param first called when the net is known, before its weights are read */
function readState(
  o: ExportOptions,
  progress: Progress,
  first: () => Promise<void>,
): Promise<{ config: Config; state: HostState }> {
  noteInput(o.weights, "the weights");
  return withNetFile(o.weights, o, progress, async ({ config, source }) => {
    const { onnx, title } = kindOf(config);
    if (!onnx)
      throw new SpadeError(
        "unsupported",
        o.weights,
        `is a ${title} generator, and the ONNX export writes SPADE and CLADE generators only`,
        "paint with it here: npx spade-webgpu generate",
      );
    await first();
    const shapes = [...netOf(config, source.shapes).shapes].filter(([key]) => source.shapes.has(key));
    const state: HostState = new Map();
    for (const [i, [key]] of shapes.entries()) {
      progress.update("loading weights", i, shapes.length);
      state.set(key, { shape: [...source.shapes.get(key)!], data: await source.read(key) });
    }
    progress.end();
    return { config, state };
  });
}

async function write(sink: Sink, config: Config, state: HostState): Promise<void> {
  try {
    for (const piece of exportGenerator(config, state)) await sink.write(piece);
  } catch (error) {
    await sink.abort();
    throw error;
  }
  await sink.close();
}

/** [h,w,2] as [2,h,w]. */
const planar = (values: Float32Array): Float32Array => {
  const size = values.length / 2;
  return values.map((_, i) => values[2 * (i % size) + Math.floor(i / size)]);
};

/** Paints a map of 16x16 squares of labels with both; gives the largest difference, and the share of our values beyond +-0.999. */
async function check(
  ort: Ort,
  path: string,
  config: Config,
  state: HostState,
  progress: Progress,
): Promise<{ difference: number; saturated: number }> {
  const { h, w } = outputSize(config);
  const data = new Uint16Array(h * w);
  const cells = Math.max(1, Math.floor(w / 16));
  for (let y = 0; y < h; y++)
    for (let x = 0; x < w; x++)
      data[y * w + x] = ((Math.floor(y / 16) * cells + Math.floor(x / 16)) * 7) % labelCount(config);
  const map = { data, width: w, height: h };
  const z = config.use_vae ? normalValues(0, config.z_dim) : undefined;

  const net = await openNetFor({ config, source: memorySource(state) }, progress, { dtype: "f32" });
  const ours = await progress.during("painting a map", async () => {
    await net.setMap(map, undefined);
    return net.painter.paint(z);
  });
  net.dispose();

  return progress.during("running the model with ONNX Runtime", async () => {
    const session = await ort.InferenceSession.create(path, { executionProviders: ["cpu"], logSeverityLevel: 3 });
    const feeds: Record<string, InstanceType<Ort["Tensor"]>> = {
      seg: new ort.Tensor("float32", denseSemantics(config, data, data, w), [1, semanticNc(config), h, w]),
    };
    for (const { input, norm, h, w } of noisePlanes(config))
      feeds[input] = new ort.Tensor("float32", noisePlane(0, norm, h * w), [1, 1, h, w]);
    if (config.add_dist) feeds.dist = new ort.Tensor("float32", planar(positionsOf(map)), [1, 2, h, w]);
    if (z) feeds.z = new ort.Tensor("float32", z, [1, config.z_dim]);
    const theirs = (await session.run(feeds)).image.data as Float32Array;
    await session.release();
    let worst = 0;
    for (let p = 0; p < h * w; p++) {
      for (let c = 0; c < 3; c++) {
        const d = Math.abs(theirs[c * h * w + p] - ours[3 * p + c]);
        if (!(d <= worst)) worst = d;
      }
    }
    return { difference: worst, saturated: ours.filter((v) => Math.abs(v) > 0.999).length / ours.length };
  });
}
