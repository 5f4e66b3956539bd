// The parts of bench:gpu, in order of worth, and what each measures.

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { root } from "../lib/maps.ts";
import { conformance, doctor } from "./checks.ts";
import { kernels, peaks } from "./kernels.ts";
import { coco, published } from "./painting.ts";
import { ort, torch, whyNoTorch } from "./peers.ts";
import type { Part, PartOptions, Row } from "./schedule.ts";
import { training } from "./training.ts";

export interface MeasuringPart extends Part {
  readonly measure: (o: PartOptions) => AsyncIterable<Row>;
}

const lacks = (...paths: string[]): string => {
  const missing = paths.filter((path) => !existsSync(join(root, path)));
  return missing.length ? `${missing.join(", ")} is not here` : "";
};

function whyNoOrt(): string {
  try {
    createRequire(join(root, "package.json")).resolve("onnxruntime-node");
    return lacks("bench/peers/ort_child.mjs", "demo/maps");
  } catch {
    return "onnxruntime-node is not here";
  }
}

const GOLDENS = "test/fixtures/goldens";

/** Seconds are of a GPU; what is longest and what others repeat comes last. */
export const parts = (o: PartOptions): MeasuringPart[] => [
  { name: "doctor", title: "doctor", least: 1, most: 60, measure: () => doctor(), whyNot: () => lacks("dist/cli.js") },
  {
    name: "conformance",
    title: "conformance, short: one case of each kind",
    ...{ least: 5, most: 60, whyNot: () => lacks("dist/conformance.js", GOLDENS) },
    measure: () => conformance(join(root, GOLDENS), true),
  },
  { name: "peaks", title: "peaks", least: 2, most: 60, measure: () => peaks() },
  {
    name: "coco",
    title: "painting, COCO's net",
    ...{ least: 15, most: 120, whyNot: () => lacks("demo/maps") },
    measure: coco,
  },
  { name: "kernels", title: "kernels, every variant", least: 15, most: 150, measure: kernels },
  {
    name: "training",
    title: "training steps, COCO's net",
    ...{ least: 20, most: 90, whyNot: () => lacks("demo/maps", "weights/squeezenet1_0_features.safetensors") },
    measure: training,
  },
  ...(["street", "landscape"] as const).map((name) => ({
    name,
    title: `painting, the ${name} net`,
    ...{ least: 4, most: 30, whyNot: () => lacks("demo/maps", `weights/${name}_net_G.safetensors`) },
    measure: (options: PartOptions) => published(name, options),
  })),
  {
    name: "torch",
    title: "PyTorch on this GPU, the same nets",
    ...{ least: 20, most: 150, whyNot: () => lacks("bench/peers/torch_cuda.py") || whyNoTorch(o) },
    measure: torch,
  },
  { name: "ort", title: "ONNX Runtime, WebGPU", least: 20, most: 90, whyNot: whyNoOrt, measure: ort },
  {
    name: "conformance-full",
    title: "conformance, every case",
    ...{ least: 10, most: 240, whyNot: () => lacks("dist/conformance.js", GOLDENS) },
    measure: () => conformance(join(root, GOLDENS), false),
  },
];
