// npm run bench -- segmenter [--quick] [--profile] [--json FILE]: labels of a photo by the published segmenter, beside ONNX Runtime's CPU
// provider with the same net, in turns. Measured for both: the net's input to its logits on the host; for ours also a photo of 640x480 to its
// classes. Fails if the classes of more than 1 in 1,000 cells differ, or if this engine takes more than twice ONNX Runtime's time.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openFile } from "../src/formats/file.ts";
import { publishedWeights } from "../src/formats/packaged.ts";
import { openSafetensors } from "../src/formats/safetensors.ts";
import { uniformValues } from "../src/models/philox.ts";
import { openNodeDevice } from "../src/node/dawn.ts";
import { bilinearResize } from "../src/pictures/pil_bilinear.ts";
import { profileTable } from "../src/runtime/index.ts";
import { segmenterInput, SegmenterRunner } from "../src/segmenting/segmenter_runner.ts";
import { machine, median, spread } from "./lib/measure.ts";
import { segmenterOnnx } from "./lib/segmenter_onnx.ts";
import { OrtPeer } from "./peers/ort.ts";

const WANTED = { ratio: 2, equal: 0.999 };
const FILE = "ade20k_segmenter.safetensors";
const PHOTO = { width: 640, height: 480 };
const argv = process.argv.slice(2);
const rounds = argv.includes("--quick") ? 3 : 9;

/** Soft blobs of colour: values vary over the picture as a photo's do. */
function drawnPhoto(): { data: Uint8Array; width: number; height: number } {
  const coarse = { data: Uint8Array.from(uniformValues(1, 12 * 9 * 3), (v) => 127.5 + 127 * v), width: 12, height: 9 };
  return { data: Uint8Array.from(bilinearResize(coarse, PHOTO.width, PHOTO.height), Math.round), ...PHOTO };
}

const device = await openNodeDevice();
const path = publishedWeights(FILE);
const source = await openSafetensors(await openFile(path));
const runner = await SegmenterRunner.open(source, device, FILE);
await source.close();
const { size, classes } = runner.config;

const folder = mkdtempSync(join(tmpdir(), "spade-bench-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const model = join(folder, "segmenter.onnx");
writeFileSync(model, await segmenterOnnx(path));
const ort = await OrtPeer.open(model, "cpu");

const photo = drawnPhoto();
const picture = segmenterInput(photo, size);
const planes = new Float32Array(picture.length);
picture.forEach((v, i) => (planes[(i % 3) * size * size + Math.floor(i / 3)] = v));
await ort.feed({ picture: { shape: [1, 3, size, size], data: planes } });

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const start = performance.now();
  await work();
  return performance.now() - start;
};
const logits = await runner.logits(picture);
const peer = Object.values((await ort.run()).outputs)[0].data as Float32Array;
const turned = new Float32Array(peer.length);
const cells = peer.length / classes;
for (let c = 0; c < classes; c++) for (let p = 0; p < cells; p++) turned[p * classes + c] = peer[c * cells + p];
const largest = (values: Float32Array, p: number): number => {
  const of = values.subarray(p * classes, (p + 1) * classes);
  return of.indexOf(Math.max(...of));
};
let same = 0;
for (let p = 0; p < cells; p++) if (largest(logits, p) === largest(turned, p)) same++;
const equal = same / cells;

const times: Record<"net" | "photo" | "ort", number[]> = { net: [], photo: [], ort: [] };
await runner.segment(photo, PHOTO);
for (let i = 0; i < rounds; i++) {
  times.ort.push(...(await ort.run()).ms);
  times.net.push(await timed(() => runner.logits(picture)));
  times.photo.push(await timed(() => runner.segment(photo, PHOTO)));
}
await ort.stop();

const ms = (values: readonly number[]): string => `${median(values).toFixed(0).padStart(6)} ms`;
const ratio = median(times.net) / median(times.ort);
console.log(`${device.name}, medians of ${rounds}`);
console.log(`picture ${size}x${size} to logits, this engine       ${ms(times.net)}`);
console.log(`the same, ONNX Runtime, CPU provider      ${ms(times.ort)}   ${ratio.toFixed(2)} times its time`);
console.log(`photo ${PHOTO.width}x${PHOTO.height} to classes of its pixels    ${ms(times.photo)}`);
console.log(`classes equal on ${(100 * equal).toFixed(3)} % of the cells`);

if (argv.includes("--profile")) console.log(profileTable(await runner.profile(picture)));
const jsonAt = argv.indexOf("--json");
if (jsonAt >= 0) {
  const spreads = Object.fromEntries(Object.entries(times).map(([name, values]) => [name, spread(values)]));
  writeFileSync(argv[jsonAt + 1], JSON.stringify({ ...machine(device), equal, ratio, ...spreads }, null, 1));
}
runner.dispose();
device.dispose();
if (equal < WANTED.equal || ratio > WANTED.ratio) {
  console.error(
    `bench segmenter: wanted ${100 * WANTED.equal} % equal classes and at most ${WANTED.ratio} times its time`,
  );
  process.exitCode = 1;
}
