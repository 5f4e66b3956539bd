// A segmenter from an ONNX file, which maps pictures [n,3,H,W], RGB in 0..1, to logits [n,classes,h,w]. ONNX Runtime
// runs it on the CPU; that package is loaded only when a segmenter is opened.

import type { InferenceSession } from "onnxruntime-node";
import { noteInput } from "../formats/inputs.ts";
import { missingPackage } from "../formats/packaged.ts";
import { counted, foreign, SpadeError } from "../runtime/errors.ts";
import type { RgbImage } from "../pictures/pil_bicubic.ts";
import { bilinearResize } from "../pictures/pil_bilinear.ts";
import type { Segmentation, Segmenter } from "./segmenter.ts";

type Ort = typeof import("onnxruntime-node");

async function loadOrt(): Promise<Ort> {
  try {
    return await import("onnxruntime-node");
  } catch (cause) {
    throw missingPackage(
      "unsupported",
      "onnxruntime-node",
      "and a segmenter runs on it",
      cause,
      ", or give --segmenter ade20k",
    );
  }
}

/** Pixels on a side of the pictures that a model may take. */
const MOST_SIDE = 8192;
const MOST_CLASSES = 4096;

const firstLine = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split("\n")[0];

export class OnnxSegmenter implements Segmenter {
  private constructor(
    private readonly ort: Ort,
    private readonly session: InferenceSession,
    private readonly path: string,
    readonly width: number,
    readonly height: number,
  ) {}

  /**
   * Opens a model and reads the size of its input.
   * @throws SpadeError unsupported: ONNX Runtime can't be loaded; file: the model can't; shape: the input is not
   * [n,3,H,W] of a fixed size
   */
  static async open(path: string): Promise<OnnxSegmenter> {
    noteInput(path, "the segmenter");
    const ort = await loadOrt();
    let session: InferenceSession;
    try {
      session = await ort.InferenceSession.create(path, { executionProviders: ["cpu"], logSeverityLevel: 3 });
    } catch (cause) {
      throw new SpadeError(
        "file",
        path,
        `can't be loaded (${firstLine(cause)})`,
        "give the segmenter as an ONNX file",
        cause,
      );
    }
    // A damaged model may have no inputs at all.
    const input = session.inputMetadata.at(0);
    const shape = input?.isTensor ? input.shape : [];
    const [, channels, height, width] = shape;
    const fits = session.inputNames.length === 1 && shape.length === 4 && channels === 3;
    const isSide = (n: number | string): n is number => typeof n === "number" && n > 0 && n <= MOST_SIDE;
    if (!fits || !isSide(height) || !isSide(width) || session.outputNames.length === 0) {
      const first = input ? `, the first ${foreign(input.name, 60)} [${foreign(shape.join(","), 60)}]` : "";
      const inputs = `${counted(session.inputNames.length, "input")}${first}, and ${counted(session.outputNames.length, "output")}`;
      await session.release();
      throw new SpadeError(
        "shape",
        path,
        `has ${inputs}`,
        "give a model of one input [n,3,H,W] of a fixed size and one output",
      );
    }
    return new OnnxSegmenter(ort, session, path, width, height);
  }

  /** Finds the most likely class of each pixel, in the size of the model's output. */
  async segment(picture: RgbImage): Promise<Segmentation> {
    const { width: w, height: h } = this;
    const resized = bilinearResize(picture, w, h);
    const planes = new Float32Array(resized.length);
    for (let p = 0; p < h * w; p++) for (let c = 0; c < 3; c++) planes[c * h * w + p] = resized[3 * p + c] / 255;
    const input = new this.ort.Tensor("float32", planes, [1, 3, h, w]);
    let output: InferenceSession.OnnxValueMapType;
    try {
      output = await this.session.run({ [this.session.inputNames[0]]: input });
    } catch (cause) {
      throw new SpadeError(
        "file",
        this.path,
        `can't be run (${firstLine(cause)})`,
        "give a model that ONNX Runtime runs on the CPU",
        cause,
      );
    }
    const { dims = [], data } = (output[this.session.outputNames[0]] ?? {}) as Partial<InstanceType<Ort["Tensor"]>>;
    const [n, count, height, width] = dims;
    const fits = dims.length === 4 && n === 1 && count > 0 && count <= MOST_CLASSES && height > 0 && width > 0;
    if (!fits || !(data instanceof Float32Array) || data.length !== count * height * width)
      throw new SpadeError("shape", this.path, `gives [${dims.join(",")}]`, "give a model of logits [n,classes,h,w]");
    return { classes: argmax(data, count, height * width), width, height, count };
  }

  release(): Promise<void> {
    return this.session.release();
  }
}

/** For each pixel, the index of the largest of `planes` values; the first one if several are equal. */
function argmax(logits: Float32Array, planes: number, pixels: number): Uint16Array {
  const best = new Uint16Array(pixels);
  const greatest = logits.slice(0, pixels);
  for (let k = 1; k < planes; k++)
    for (let p = 0, at = k * pixels; p < pixels; p++, at++)
      if (logits[at] > greatest[p]) {
        greatest[p] = logits[at];
        best[p] = k;
      }
  return best;
}
