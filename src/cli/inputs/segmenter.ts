// The segmenter that we publish: what a photo shows, in ADE20K's classes.

import { openFile } from "../../formats/file.ts";
import { publishedWeights } from "../../formats/packaged.ts";
import { openSafetensors } from "../../formats/safetensors.ts";
import type { Device } from "../../runtime/index.ts";
import { SegmenterRunner } from "../../segmenting/segmenter_runner.ts";
import type { Progress } from "../terminal/progress.ts";

const SEGMENTER_FILE = "ade20k_segmenter.safetensors";

/** Opens the segmenter on a device. @throws SpadeError file: it is not installed */
export async function openSegmenter(device: Device, progress: Progress): Promise<SegmenterRunner> {
  const source = await openSafetensors(await openFile(publishedWeights(SEGMENTER_FILE)));
  try {
    return await progress.during("loading the segmenter", () => SegmenterRunner.open(source, device, SEGMENTER_FILE));
  } finally {
    await source.close();
  }
}
