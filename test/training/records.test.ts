// A run's folder as a whole: what is written, that it fits together, and that a resumed run's equals an uninterrupted one's.

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode } from "fast-png";
import protobuf from "protobufjs";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { extendFile } from "../../src/formats/file.ts";
import { crc32c } from "../../src/formats/crc.ts";
import { defaultOptions, type TrainOptions } from "../../src/training/options.ts";
import { FRECHET_NAME } from "../../src/evaluation/frechet.ts";
import { Records, type At, type Shown } from "../../src/training/records/records.ts";
import { failure } from "../formats/helpers.ts";

let folder = "";
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), "records-"))));
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true, force: true });
});

const NAME = "</script><b>run & co";
const optionsOf = (more: Partial<TrainOptions> = {}): TrainOptions => ({
  ...defaultOptions,
  checkpoints_dir: folder,
  name: "run",
  label_nc: 3,
  niter: 2,
  ...more,
});
const runFile = (...path: string[]): string => join(folder, "run", ...path);

const [h, w] = [2, 3];
const PER_EPOCH = 400;
const atOf = (total: number): At => {
  const epoch = Math.ceil(total / PER_EPOCH);
  return { epoch, iters: total - (epoch - 1) * PER_EPOCH, total, step: total / 4, seconds: 0.05, lr: 2e-4 };
};

/** A batch whose n-th picture is all `value + n / 100`. */
function shownOf(count: number, value: number, label = 1): Shown {
  const pictures = (v: number): Float32Array =>
    Float32Array.from({ length: count * h * w * 3 }, (_, i) => v + Math.floor(i / (h * w * 3)) / 100);
  return {
    labels: Array.from({ length: count }, (_, n) => ({
      data: Uint8Array.from([label, 0, 4, 5, 200, n]),
      width: w,
      height: h,
    })),
    fake: pictures(value),
    real: pictures(-value),
    h,
    w,
  };
}

interface Data {
  name: string;
  options: { name: string; value: string }[];
  curves: { epoch: number[]; total: number[]; values: Record<string, (number | null)[]> };
  frechet: { total: number; epoch: number; value: number }[];
  pictures: { epoch: number; total: number; images: string[] }[];
  validation: { epoch: number; total: number; rows: string[][] }[];
}

async function readData(...path: string[]): Promise<Data> {
  const text = await readFile(path.length ? join(...path) : runFile("web", "data.js"), "utf8");
  let data: Data | undefined;
  new Function("showRun", text)((d: Data) => void (data = d));
  return data!;
}

async function pngOf(name: string): Promise<{ width: number; height: number; rgb: number[][] }> {
  const { width, height, data, channels } = decode(await readFile(runFile("web", "images", name)));
  expect(channels).toBe(3);
  return { width, height, rgb: Array.from({ length: width * height }, (_, p) => [...data.subarray(3 * p, 3 * p + 3)]) };
}

/** Steps and tags of the event files of a run, read with nothing of the writer but its tested checksum. */
async function readEvents(): Promise<{ step: number; tag: string; scalar?: number; image?: number[] }[]> {
  const found: { step: number; tag: string; scalar?: number; image?: number[] }[] = [];
  for (const name of (await readdir(runFile("logs"))).sort()) {
    expect(name).toMatch(/^events\.out\.tfevents\.\d{10}\..+$/);
    const bytes = await readFile(runFile("logs", name));
    const crcAt = (at: number): number => {
      const rotated = (bytes.readUInt32LE(at) - 0xa282ead8) >>> 0;
      return ((rotated << 15) | (rotated >>> 17)) >>> 0;
    };
    for (let at = 0; at < bytes.length;) {
      const length = Number(bytes.readBigUInt64LE(at));
      expect(crcAt(at + 8)).toBe(crc32c(bytes.subarray(at, at + 8)));
      expect(crcAt(at + 12 + length)).toBe(crc32c(bytes.subarray(at + 12, at + 12 + length)));
      const event = fieldsOf(bytes.subarray(at + 12, at + 12 + length));
      for (const summary of event.filter(([field]) => field === 5)) {
        for (const [, value] of fieldsOf(summary[1] as Uint8Array)) {
          const fields = new Map(fieldsOf(value as Uint8Array));
          const image = fields.get(4) && new Map(fieldsOf(fields.get(4) as Uint8Array));
          found.push({
            step: Number(new Map(event).get(2)),
            tag: Buffer.from(fields.get(1) as Uint8Array).toString(),
            ...(image
              ? { image: [image.get(2) as number, image.get(1) as number] }
              : { scalar: fields.get(2) as number }),
          });
        }
      }
      at += 12 + length + 4;
    }
  }
  return found;
}

function fieldsOf(bytes: Uint8Array): [number, number | Uint8Array][] {
  const reader = protobuf.Reader.create(bytes);
  const fields: [number, number | Uint8Array][] = [];
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const read = [() => Number(reader.int64()), () => reader.double(), () => reader.bytes(), , , () => reader.float()];
    fields.push([tag >>> 3, read[tag & 7]!()]);
  }
  return fields;
}

test("a batch's first picture is shown as published: names, the generic colours, truncation", async () => {
  const records = await Records.open(optionsOf(), undefined);
  const shown = shownOf(8, 0);
  shown.fake.set([0.9999, -1.5, 1.5, NaN]);
  await records.pictures(atOf(500), shown);
  await records.close();
  expect((await readdir(runFile("web", "images"))).sort()).toEqual([
    "epoch002_iter500_input_label.png",
    "epoch002_iter500_real_image.png",
    "epoch002_iter500_synthesized_image.png",
  ]);
  const label = await pngOf("epoch002_iter500_input_label.png");
  expect([label.width, label.height]).toEqual([3, 2]);
  // Labels 1, 0, 4 and, from label_nc + 2 on, black; then 0 of the first picture.
  expect(label.rgb).toEqual([
    [0, 128, 0],
    [128, 0, 0],
    [128, 0, 128],
    [0, 0, 0],
    [0, 0, 0],
    [128, 0, 0],
  ]);
  const fake = await pngOf("epoch002_iter500_synthesized_image.png");
  expect(fake.rgb.slice(0, 3)).toEqual([
    [254, 0, 255],
    [0, 127, 127],
    [127, 127, 127],
  ]);
  expect((await readEvents()).map(({ tag, image }) => [tag, image])).toEqual([
    ["input_label", [3, 2]],
    ["synthesized_image", [3, 2]],
    ["real_image", [3, 2]],
  ]);
});

test("more than 8 pictures are tiled, 4 a row, and the last row is filled with black; the run's colours are used", async () => {
  const labels = [
    { id: 1, name: "sky", color: "#010203" },
    { id: 200, name: "sea", color: "#fff" },
  ];
  const records = await Records.open(optionsOf(), labels);
  await records.pictures(atOf(4), shownOf(9, 0.5));
  const fake = await pngOf("epoch001_iter004_synthesized_image.png");
  expect([fake.width, fake.height]).toEqual([12, 6]);
  const at = (x: number, y: number): number => fake.rgb[y * 12 + x][0];
  const byte = (n: number): number => Math.floor(((Math.fround(0.5 + n / 100) + 1) / 2) * 255);
  expect([at(0, 0), at(11, 0), at(2, 3), at(0, 5), at(3, 5)]).toEqual([byte(0), byte(3), byte(4), byte(8), 0]);
  const label = await pngOf("epoch001_iter004_input_label.png");
  expect([label.rgb[0], label.rgb[13], label.rgb[1]]).toEqual([
    [1, 2, 3],
    [255, 255, 255],
    [128, 0, 0],
  ]);
});

/** A run of two epochs: what the trainer would say between two totals. */
async function train(records: Records, from: number, to: number): Promise<void> {
  const { real } = shownOf(2, 0.5);
  for (let total = from + 100; total <= to; total += 100) {
    const at = atOf(total);
    await records.losses(at, { GAN: total / 1000, GAN_Feat: total === 300 ? NaN : 1, D_Fake: 2, D_real: 3 });
    if (total % 200 === 0) await records.pictures(at, shownOf(1, total / 1000));
    if (total % PER_EPOCH === 0)
      await records.validation(at, { frechet: 9000 / total, grid: { ...shownOf(2, total / 1000), real } });
  }
}

test("the page links to nothing that is not there, and runs no text of the run's", async () => {
  const records = await Records.open(optionsOf({ name: NAME.replaceAll("/", "") }), undefined);
  await train(records, 0, 800);
  await records.close();
  const web = join(folder, NAME.replaceAll("/", ""), "web");
  const html = await readFile(join(web, "index.html"), "utf8");
  const linked = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map((m) => m[1]);
  expect(linked.sort()).toEqual(["data.js", "uplot.css", "uplot.js"]);
  for (const name of linked) expect(existsSync(join(web, name)), name).toBe(true);
  expect((await readFile(join(web, "uplot.js"), "utf8")).includes("var uPlot=")).toBe(true);
  expect((await readFile(join(web, "uplot.css"), "utf8")).includes(".uplot")).toBe(true);
  expect(html).not.toContain("run & co");
  expect(html).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write/);

  const data = await readData(web, "data.js");
  expect(data.name).toBe(NAME.replaceAll("/", ""));
  const images = [...data.pictures.flatMap((p) => p.images), ...data.validation.flatMap((v) => v.rows.flat())];
  expect(images.length).toBe(4 * 3 + 2 * 2 * 3);
  for (const name of images) expect(existsSync(join(web, "images", name)), name).toBe(true);
  expect(data.curves.total).toEqual([100, 200, 300, 400, 500, 600, 700, 800]);
  expect(data.curves.epoch).toEqual([1, 1, 1, 1, 2, 2, 2, 2]);
  expect(data.curves.values.GAN_Feat).toEqual([1, 1, null, 1, 1, 1, 1, 1]);
  expect(data.curves.values["images/s"][0]).toBe(20);
  expect(data.frechet).toEqual([
    { total: 400, epoch: 1, value: 22.5 },
    { total: 800, epoch: 2, value: 11.25 },
  ]);
  expect(data.options.find((o) => o.name === "niter")?.value).toBe("2");
});

/** All that a run has written and that does not tell the time. */
async function written(): Promise<unknown> {
  const { ...data } = await readData();
  return {
    log: (await readFile(runFile("loss_log.txt"), "utf8")).replace(/\(\w{3} \w{3} .*\)/, "(now)"),
    curves: await readFile(runFile("curves.jsonl"), "utf8"),
    events: await readEvents(),
    data: { ...data, updated: 0 },
    images: await Promise.all(
      (await readdir(runFile("web", "images"))).sort().map(async (name) => [name, (await pngOf(name)).rgb]),
    ),
  };
}

test("a killed and resumed run has the records of one that ran through", async () => {
  const through = await Records.open(optionsOf(), undefined);
  await train(through, 0, 800);
  await through.close();
  const expected = await written();
  await rm(join(folder, "run"), { recursive: true });

  await train(await Records.open(optionsOf(), undefined), 0, 700);
  // What a kill may leave half written.
  await appendFile(runFile("loss_log.txt"), "(epoch: 2, it");
  await appendFile(runFile("curves.jsonl"), '{"kind":"losses","epo');
  const [events] = await readdir(runFile("logs"));
  await appendFile(runFile("logs", events), Uint8Array.of(40, 0, 0));

  // A checkpoint of 500 pictures; what was shown after it is gone at once.
  const resumed = await Records.open(optionsOf(), undefined, { total: 500 });
  expect(existsSync(runFile("web", "images", "epoch002_iter600_real_image.png"))).toBe(false);
  expect((await readEvents()).at(-1)).toMatchObject({ step: 500 });
  await train(resumed, 500, 800);
  await resumed.close();
  expect(await written()).toEqual(expected);
});

test("damaged event files, folders and pipes in logs/ stop no resume", async () => {
  await train(await Records.open(optionsOf(), undefined), 0, 400);
  const name = (n: number): string => runFile("logs", `events.out.tfevents.000000000${n}.other`);
  await writeFile(name(0), Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0x29, 3, 0x98, 7, 0xd8, 0xea, 0x82, 0xa2));
  await writeFile(name(1), "no records");
  await mkdir(name(2));
  execFileSync("mkfifo", [name(3)]);
  await train(await Records.open(optionsOf(), undefined, { total: 200 }), 200, 400);
  expect((await readFile(runFile("loss_log.txt"), "utf8")).trim().split("\n")).toHaveLength(5);
});

test("a new run under an old name begins anew, behind the old log", async () => {
  await train(await Records.open(optionsOf(), undefined), 0, 400);
  const second = await Records.open(optionsOf(), undefined);
  await train(second, 0, 100);
  await second.close();
  expect((await readFile(runFile("loss_log.txt"), "utf8")).match(/Training Loss/g)?.length).toBe(2);
  const data = await readData();
  expect([data.curves.total, data.pictures, data.validation, data.frechet]).toEqual([[100], [], [], []]);
});

test("pictures that someone removed are not linked after the next start", async () => {
  await train(await Records.open(optionsOf(), undefined), 0, 400);
  await rm(runFile("web", "images", "epoch001_iter200_real_image.png"));
  await Records.open(optionsOf(), undefined, { total: 400 });
  expect((await readData()).pictures.map((p) => p.total)).toEqual([400]);
});

test("with no_html there is no page; validation without pictures is a point of a curve", async () => {
  const records = await Records.open(optionsOf({ no_html: true }), undefined);
  await train(records, 0, 200);
  await records.validation(atOf(400), { frechet: 12.5 });
  await records.close();
  expect((await readdir(runFile())).sort()).toEqual(["curves.jsonl", "logs", "loss_log.txt", "opt.json", "opt.txt"]);
  const events = await readEvents();
  expect(events.at(-1)).toEqual({ step: 400, tag: FRECHET_NAME, scalar: 12.5 });
  expect(events.filter((e) => e.step === 100).map((e) => e.tag)).toEqual([
    "GAN",
    "GAN_Feat",
    "D_Fake",
    "D_real",
    "lr",
    "images_per_second",
  ]);
});

test("long curves are thinned to means of neighbours", async () => {
  await Records.open(optionsOf(), undefined);
  const lines = Array.from({ length: 2500 }, (_, i) =>
    JSON.stringify({ kind: "losses", ...atOf(i + 1), losses: { GAN: i === 4 ? null : i } }),
  );
  await writeFile(runFile("curves.jsonl"), `${lines.join("\n")}\n`);
  await Records.open(optionsOf(), undefined, { total: 2500 });
  const { total, values } = (await readData()).curves;
  expect(total.length).toBe(834);
  expect([total[0], total[1], total.at(-1)]).toEqual([3, 6, 2500]);
  expect([values.GAN[0], values.GAN[1], values.GAN.at(-1)]).toEqual([1, 4, 2499]);
});

test("pictures that can't be written are reported once and training goes on; a log that can't be is an error", async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  const records = await Records.open(optionsOf(), undefined);
  await rm(runFile("web"), { recursive: true });
  for (const total of [200, 400]) await records.pictures(atOf(total), shownOf(1, 0));
  await records.losses(atOf(400), { GAN: 1 });
  expect(warn.mock.calls.length).toBe(1);
  expect(warn.mock.calls[0][0]).toContain(join("web", "images"));
  expect(await readFile(runFile("curves.jsonl"), "utf8")).not.toContain("pictures");

  await rm(folder, { recursive: true });
  expect((await failure(() => records.losses(atOf(500), { GAN: 1 }))).code).toBe("file");
});

test("a run's folder that can't be made, and a full disk, are said by path", async () => {
  await writeFile(join(folder, "run"), "a file");
  expect(await failure(() => Records.open(optionsOf(), undefined))).toMatchObject({
    code: "file",
    where: runFile("logs"),
  });
  if (!existsSync("/dev/full")) return;
  expect(await failure(() => extendFile("/dev/full", "x"))).toMatchObject({
    code: "file",
    where: "/dev/full",
    problem: /full/,
  });
});
