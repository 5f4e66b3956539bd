// The readers of files that others wrote, each with good files to damage, and what a command does with a file after reading it.

import { readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kindLine, metadataLines, noteLines, summary, tensorLines } from "../../src/cli/reports/checkpoint_report.ts";
import { instanceMap, readAnnotations } from "../../src/datasets/coco/coco_instances.ts";
import { idsOf, readPng } from "../../src/datasets/label_file.ts";
import { readPhoto } from "../../src/datasets/photo.ts";
import { groupsOf, parseGroups } from "../../src/evaluation/groups.ts";
import { OnnxSegmenter } from "../../src/evaluation/onnx_segmenter.ts";
import { openCheckpoint } from "../../src/formats/any_checkpoint.ts";
import { encodeLabelPng } from "../../src/formats/images/label_png.ts";
import { withoutInt8 } from "../../src/models/weights/int8.ts";
import { openSafetensors, writeSafetensors } from "../../src/formats/safetensors.ts";
import { bytesAccess, f32Tensor, memorySink, toF32 } from "../../src/formats/tensors.ts";
import { bytesUpTo, startRecords, summaryRecord } from "../../src/formats/tfevents.ts";
import { writePth } from "../../src/formats/torch/pth_write.ts";
import { readNpy } from "../../src/formats/images/npy.ts";
import { defaultConfig, generatorShapes } from "../../src/models/config.ts";
import { decodePresets, encodePresets } from "../../src/models/presets.ts";
import { findConfig } from "../../src/models/weights/find_config.ts";
import { guessEncoder } from "../../src/models/weights/guess_encoder.ts";
import { parseLabels } from "../../src/pictures/label_names.ts";
import { openPlain, plainReader } from "../../src/formats/plain_checkpoint.ts";
import { foreign, SpadeError } from "../../src/runtime/errors.ts";
import { labelsOfClasses, parseMapping } from "../../src/segmenting/class_labels.ts";
import { segmenterConfig } from "../../src/segmenting/segmenter_config.ts";
import { describeStored } from "../../src/session/opening/describe_stored.ts";
import { checkRooms, whatBegins } from "../../src/trainer/beginning.ts";
import { withDefaults } from "../../src/training/option_values.ts";
import { writeChecked } from "../../src/training/state_check.ts";
import { CurveFile } from "../../src/training/records/curves.ts";
import { loadOptionsFile } from "../../src/training/records/opt_file.ts";
import { colourSegmenter } from "../evaluation/colour_segmenter.ts";
import { filled, toWrite } from "../formats/made.ts";
import {
  hostileEvents,
  hostileJson,
  hostileLegacy,
  hostileSafetensors,
  hostileTars,
  hostileText,
  hostileZips,
  text,
  type Make,
} from "./hostile.ts";

export interface Reader {
  /** Good files. */
  readonly files: () => Promise<Uint8Array[]>;
  /** Made only when they are read: together they would fill the memory. */
  readonly hostile: () => Make[];
  /** Reads a file as the commands do. Throws a SpadeError, or what is a fault of ours. */
  readonly read: (bytes: Uint8Array) => Promise<unknown>;
}

/** From the package's root, where npm starts its scripts. */
const fixture = (path: string): Promise<Uint8Array> =>
  readFile(join("test/fixtures", path)).then((b) => new Uint8Array(b));

const labelsJson = JSON.stringify([
  { id: 0, name: "sky", color: "#000", category: "nature" },
  { id: 3, name: "tree", color: "rgb(0, 128, 0)" },
]);
const LABELS = parseLabels(labelsJson, "labels");
const CLASSES = ["sky", "path", "tree", "path"];
const GROUPS =
  '{ "groups": { "sky": { "labels": ["sky"], "ade20k": [0] }, "ground": { "labels": [3], "ade20k": ["path"] } } }';
const config = { ...defaultConfig, label_nc: 3, ngf: 1, contain_dontcare_label: false };
const metadata = {
  config: JSON.stringify(config),
  labels: labelsJson,
  styles: encodePresets(Float32Array.of(0, 1), [Float32Array.of(1, 2)]),
};

function generatorTensors(): ReturnType<typeof toWrite> {
  const shapes = [...generatorShapes(config)].slice(0, 24);
  return toWrite(
    new Map(
      shapes.map(([name, shape], i) => [
        name,
        filled(
          "F32",
          shape.map((n) => Math.min(n, 2)),
          i,
        ),
      ]),
    ),
  );
}

const run = {
  position: { epoch: 1, batch: 3, step: 3, pictures: 6 },
  losses: { GAN: 0.5 },
  stepper: { plans: [], adam: { G: 3, D: 3 } },
};

/** A state without tensors and without a checksum: its metadata are all that is read. */
function stateOf(metadata: Record<string, string>): Uint8Array {
  const header = text(JSON.stringify({ __metadata__: metadata }));
  const out = new Uint8Array(8 + header.length);
  new DataView(out.buffer).setBigUint64(0, BigInt(header.length), true);
  out.set(header, 8);
  return out;
}

const tolerant = (check: () => unknown): void => {
  try {
    check();
  } catch (error) {
    if (!(error instanceof SpadeError)) throw error;
  }
};

async function checkpoint(bytes: Uint8Array): Promise<void> {
  const source = await openCheckpoint(bytesAccess(bytes, "fuzz.pth"));
  try {
    summary("fuzz", source);
    const shapes = new Map(source.names().map((name) => [name, source.info(name).shape]));
    tolerant(() => findConfig(shapes, source.metadata));
    tolerant(() => findConfig(shapes));
    tolerant(() => guessEncoder(shapes));
    const lines = [
      kindLine(source.metadata, true) ?? "",
      ...metadataLines(source.metadata),
      ...noteLines(source),
      ...tensorLines(source, false),
    ];
    for (const line of lines) if (line !== foreign(line, line.length)) throw new Error("an unprintable line");
    for (const name of source.names()) toF32(await source.read(name));
  } finally {
    await source.close();
  }
}

/** For readers that open a path. */
async function asFile<T>(ending: string, bytes: Uint8Array, read: (path: string) => Promise<T>): Promise<T> {
  const path = join(tmpdir(), `spade-fuzz-${process.pid}${ending}`);
  await writeFile(path, bytes);
  return read(path);
}

async function annotations(path: string): Promise<void> {
  const map = { data: new Uint8Array(64), width: 8, height: 8 };
  for (const picture of (await readAnnotations(path)).slice(0, 100)) instanceMap(map, picture.things);
}

async function segment(path: string): Promise<void> {
  const segmenter = await OnnxSegmenter.open(path);
  try {
    await segmenter.segment({ data: new Uint8Array(3 * 64), width: 8, height: 8 });
  } finally {
    await segmenter.release();
  }
}

const COCO = JSON.stringify({
  info: { year: 2017 },
  images: [{ id: 7, file_name: "a.jpg" }],
  annotations: [{ image_id: 7, segmentation: [[1, 1, 6.5, 1, 6, 6]], iscrowd: 0 }],
});

const CURVE =
  '{"epoch":1,"iters":2,"total":2,"step":1,"seconds":0.5,"lr":0.0002,"kind":"losses","losses":{"GAN":1.5}}\n';

const gray = (depth16 = false): Uint8Array =>
  encodeLabelPng({
    data: depth16 ? new Uint16Array(300).map((_, i) => i % 5) : new Uint8Array(300).map((_, i) => i % 5),
    width: 20,
    height: 15,
  });

export const READERS: Readonly<Record<string, Reader>> = {
  safetensors: {
    files: async () => {
      const sink = memorySink();
      await writeSafetensors(sink, generatorTensors(), metadata);
      return [sink.bytes(), await fixture("formats/expected.safetensors")];
    },
    hostile: hostileSafetensors,
    read: checkpoint,
  },
  int8: {
    files: async () => {
      const sink = memorySink();
      const scale = f32Tensor([3], Float32Array.of(0.5, -1, 2));
      const tensors = { "a.weight": filled("I8", [3, 2], 1), "a.scale": scale, "a.bias": filled("F32", [3], 2) };
      await writeSafetensors(sink, toWrite(new Map(Object.entries(tensors))), metadata);
      return [sink.bytes()];
    },
    hostile: hostileSafetensors,
    read: async (bytes) => {
      const source = withoutInt8(await openSafetensors(bytesAccess(bytes, "fuzz.safetensors")), "fuzz.safetensors");
      for (const name of source.names()) toF32(await source.read(name));
    },
  },
  "torch-zip": {
    files: async () => {
      const sink = memorySink();
      await writePth(sink, generatorTensors(), metadata);
      return [sink.bytes(), await fixture("formats/zip.pth"), await fixture("formats/zip_protocol4.pth")];
    },
    hostile: hostileZips,
    read: checkpoint,
  },
  "torch-legacy": {
    files: () => Promise.all(["legacy.pth", "legacy_protocol4.pth"].map((name) => fixture(`formats/${name}`))),
    hostile: hostileLegacy,
    read: checkpoint,
  },
  "torch-tar": { files: async () => [await fixture("formats/tar.pth")], hostile: hostileTars, read: checkpoint },
  "label-png": {
    files: async () => [gray(), gray(true), await fixture("pil/label.png"), await fixture("pil/photo.png")],
    hostile: () => [],
    read: (bytes) => asFile(".png", bytes, async (path) => idsOf(await readPng(path), path, LABELS, "fix")),
  },
  photo: {
    files: () =>
      Promise.all(
        ["photo.png", "photo_rgb16.png", "jpeg_rgb.jpg", "jpeg_cmyk.jpg", "photo.bmp", "photo.ppm", "photo.tif"].map(
          (name) => fixture(`pil/${name}`),
        ),
      ),
    hostile: () =>
      ['<svg xmlns="http://www.w3.org/2000/svg" width="99999" height="99999"/>', "GIF89a", "P6 1 1 255\n"].map(
        (s) => () => text(s),
      ),
    read: (bytes) => asFile(".img", bytes, readPhoto),
  },
  labels: {
    files: async () => [text(labelsJson)],
    hostile: hostileJson,
    read: async (bytes) => {
      const labels = parseLabels(new TextDecoder().decode(bytes), "labels.json");
      idsOf({ kind: "rgb", data: new Uint8Array(1), rgb: new Uint8Array(3), width: 1, height: 1 }, "x", labels, "fix");
    },
  },
  mapping: {
    files: async () => [text('{ "sky": "tree", "path": 3, "tree": null }')],
    hostile: hostileJson,
    read: async (bytes) => labelsOfClasses(CLASSES, LABELS, parseMapping(new TextDecoder().decode(bytes), "map.json")),
  },
  groups: {
    files: async () => [text(GROUPS), text(GROUPS.replaceAll('"labels"', '"note": 1, "labels"'))],
    hostile: () => [
      ...hostileJson(),
      ...hostileJson().map((json) => () => Buffer.concat([text('{"groups":'), json(), text("}")])),
      ...hostileJson().map(
        (json) => () => Buffer.concat([text('{"groups":{"a":{"ade20k":[1],"labels":'), json(), text("}}}")]),
      ),
    ],
    read: async (bytes) => {
      const stated = parseGroups(new TextDecoder().decode(bytes), "groups.json");
      tolerant(() => groupsOf(stated, undefined, CLASSES, "groups.json"));
      groupsOf(stated, LABELS, CLASSES, "groups.json");
    },
  },
  "segmenter-config": {
    files: async () => [text('{"size":513,"classes":2}'), text('{"size":33,"classes":2,"more":[1,2]}')],
    hostile: hostileJson,
    read: async (bytes) => {
      const json = new TextDecoder().decode(bytes);
      tolerant(() => segmenterConfig({ segmenter: '{"size":33,"classes":2}', labels: json }, "net.safetensors"));
      segmenterConfig({ segmenter: json, labels: labelsJson.replace('"id":3', '"id":1') }, "net.safetensors");
    },
  },
  "training-state": {
    files: async () => {
      const made = [stateOf({ run: JSON.stringify(run) })];
      const others: Record<string, string>[] = [
        {},
        { options: '{"ngf":4,"max_steps":"inf","no_flip":true}', labels: labelsJson },
      ];
      for (const more of others) {
        const sink = memorySink();
        await writeChecked(sink, generatorTensors(), { run: JSON.stringify(run), ...more });
        made.push(sink.bytes());
      }
      return made;
    },
    hostile: () => [
      ...hostileSafetensors(),
      ...hostileJson().map((json) => () => stateOf({ run: new TextDecoder().decode(json()) })),
      ...hostileJson().map(
        (json) => () => stateOf({ run: JSON.stringify(run), options: new TextDecoder().decode(json()) }),
      ),
    ],
    read: async (bytes) => {
      const access = bytesAccess(bytes, "fuzz");
      const checkpoint = await openPlain(access);
      const format = { readers: [plainReader], open: openPlain, describe: describeStored };
      const begun = await whatBegins({ format }, { weights: access, checkpoint });
      checkRooms(begun, withDefaults(begun.options));
    },
  },
  config: {
    files: async () => [text(metadata.config), text(JSON.stringify({ ...config, netG: "pix2pixhd", norm_G: "batch" }))],
    hostile: hostileJson,
    read: async (bytes) => findConfig(new Map(), { config: new TextDecoder().decode(bytes) }),
  },
  styles: {
    files: async () => [text(metadata.styles)],
    hostile: hostileJson,
    read: async (bytes) => decodePresets(new TextDecoder().decode(bytes), 2),
  },
  "opt-txt": {
    files: async () => [
      text(
        "----------------- Options ---------------\n       batchSize: 2      \t[default: 1]\n    beta1: 0.0  \n name: base\n lambda_feat: inf\n",
      ),
    ],
    hostile: hostileText,
    read: (bytes) => asFile(".txt", bytes, loadOptionsFile),
  },
  "opt-json": {
    files: async () => [text('{"batchSize": 2, "name": "base", "no_flip": true, "beta1": 0, "lr": "inf"}')],
    hostile: hostileJson,
    read: (bytes) => asFile(".json", bytes, loadOptionsFile),
  },
  events: {
    files: async () => [
      Buffer.concat([
        startRecords({ time: 1, step: 0 }),
        ...[1, 2, 3].map((step) => summaryRecord({ time: 2, step }, { GAN: step, L1: 0.5 })),
      ]),
    ],
    hostile: () => [...hostileText(), ...hostileEvents()],
    read: (bytes) => bytesUpTo(bytesAccess(bytes), 2),
  },
  curves: {
    files: async () => [text(CURVE.repeat(3))],
    hostile: () => [...hostileText(), ...hostileJson()],
    read: (bytes) => asFile(".jsonl", bytes, (path) => CurveFile.read(path)),
  },
  coco: {
    files: async () => [text(COCO)],
    hostile: () => [
      ...hostileJson(),
      ...hostileJson().map((json) => () => Buffer.concat([text('{"images":['), json(), text("]}")])),
      ...hostileJson().map(
        (json) => () => Buffer.concat([text('{"images":[{"id":1,"file_name":'), json(), text("}]}")]),
      ),
      () => text(`{"annotations":[${'{"image_id":1,"segmentation":[[]]},'.repeat(100_000)}{}]}`),
    ],
    read: (bytes) => asFile(".json", bytes, annotations),
  },
  npy: {
    files: async () => [
      Buffer.concat([
        Buffer.from("\x93NUMPY\x01\x00", "latin1"),
        Buffer.from([0x40, 0]),
        text("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2, 3), }".padEnd(63) + "\n"),
        Buffer.alloc(48, 1),
      ]),
    ],
    hostile: hostileText,
    read: async (bytes) => readNpy(bytes, "fuzz"),
  },
  onnx: {
    files: async () => [colourSegmenter(8, 8), colourSegmenter(8, 8, 1)],
    hostile: () => [],
    read: (bytes) => asFile(".onnx", bytes, segment),
  },
};
