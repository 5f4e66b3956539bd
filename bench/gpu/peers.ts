// Parts of bench:gpu that run other engines on the same GPU: PyTorch, and ONNX Runtime's WebGPU provider.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportGenerator } from "../../src/export/onnx/generator.ts";
import { writeModel } from "../../src/export/onnx/model.ts";
import { denseSemantics } from "../../src/export/onnx/semantics.ts";
import { fileSink } from "../../src/formats/file.ts";
import { publishedWeights } from "../../src/formats/packaged.ts";
import { semanticNc } from "../../src/models/config.ts";
import { SQUEEZENET_FILE } from "../../src/models/nets/squeezenet.ts";
import { normalValues } from "../../src/models/philox.ts";
import { openNodeDevice } from "../../src/node/dawn.ts";
import { root } from "../lib/maps.ts";
import { median, spread } from "../lib/measure.ts";
import { benchState } from "../lib/ours.ts";
import { OrtPeer } from "../peers/ort.ts";
import { linesOf } from "./lines.ts";
import { cocoConfig, cocoMaps } from "./painting.ts";
import type { PartOptions, Row } from "./schedule.ts";
import { trainBatches, trainConfig } from "./training.ts";

/** A Python whose torch has what is wanted: python3, or the system's. */
const python = (wanted: string): string | undefined =>
  ["python3", "/usr/bin/python3"].find(
    (path) =>
      (!path.startsWith("/") || existsSync(path)) &&
      spawnSync(path, ["-c", `import sys, torch; sys.exit(0 if ${wanted} else 1)`]).status === 0,
  );

const wantedOf = ({ torchCpu }: PartOptions): string => (torchCpu ? "True" : "torch.cuda.is_available()");

export const whyNoTorch = (o: PartOptions): string =>
  python(wantedOf(o)) ? "" : `no python3 here has torch${o.torchCpu ? "" : " with CUDA"}`;

/** Rows as torch_cuda.py prints them. */
export async function* torch(o: PartOptions): AsyncGenerator<Row> {
  const config = trainConfig(o.quick);
  const request = {
    ...{ ngf: config.ngf, ndf: config.ndf, z_dim: config.z_dim, size: config.crop_size },
    labels: semanticNc(config),
    squeezenet: publishedWeights(SQUEEZENET_FILE),
    painting: o.quick ? [1, 2] : [1, 8],
    training: trainBatches(o.quick),
    runs: o.quick ? 3 : 20,
  };
  const script = join(root, "bench", "peers", "torch_cuda.py");
  const lines = linesOf(python(wantedOf(o))!, [script, JSON.stringify(request)], { name: "PyTorch's process" });
  for await (const line of lines) if (line.startsWith("{")) yield JSON.parse(line) as Row;
}

/** The exported net in ONNX Runtime: uploads the dense map, paints, reads back, as any use of it does. */
export async function* ort({ quick }: PartOptions): AsyncGenerator<Row> {
  const device = await openNodeDevice();
  const config = cocoConfig(quick);
  const size = config.crop_size;
  const [{ label, instance }] = cocoMaps(1, size);
  const state = await benchState(device, config, { name: "", label, instance }, (step) => console.error(`  ${step}`));
  device.dispose();
  const folder = mkdtempSync(join(tmpdir(), "spade-bench-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const model = join(folder, "coco.onnx");
  await writeModel(await fileSink(model), exportGenerator(config, state));
  const peer = await OrtPeer.open(model, "webgpu");
  const ids = Int32Array.from(label.data, (v) => (v === 255 ? config.label_nc : v));
  await peer.feed({
    seg: { shape: [1, semanticNc(config), size, size], data: denseSemantics(config, ids, instance!.data, size) },
    z: { shape: [1, config.z_dim], data: normalValues(0, config.z_dim) },
  });
  await peer.run(1);
  const { ms } = await peer.run(quick ? 2 : 7);
  await peer.stop();
  const t = median(ms);
  yield { what: `${size}x${size}, f32, batch 1: new map`, ms: t, perSecond: 1e3 / t, spread: spread(ms) };
}
