// createLabeler in Node: label maps of photos.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bytesAccess } from "../../src/formats/tensors.ts";
import { openSafetensors } from "../../src/formats/safetensors.ts";
import { createLabelerOn } from "../../src/labeler/create.ts";
import { square } from "../../src/labeler/square.ts";
import { createLabeler, type Labeler, type LabelerOptions, type LabelOptions } from "../../src/labeler_node.ts";
import { openNodeDevice } from "../../src/node/dawn.ts";
import { nodeHost } from "../../src/node_host.ts";
import { pilBilinearResize } from "../../src/pictures/pil_bilinear.ts";
import type { Device, OpenOptions } from "../../src/runtime/index.ts";
import { labelsOfClasses } from "../../src/segmenting/class_labels.ts";
import { SegmenterRunner } from "../../src/segmenting/segmenter_runner.ts";
import { plain, weights as painting } from "../api/tiny.ts";
import { failure } from "../formats/helpers.ts";
import { integrity } from "../browser/files.ts";
import { rgba, room, valley } from "../segmenting/drawn.ts";
import { smallSegmenter } from "../segmenting/small.ts";
import { testDevice } from "../support/device.ts";

const weights = smallSegmenter();
const [outside, inside] = [valley(), room()];
const set = ["sky", "mountain", "grass", "road", "wall", "floor"].map((name, id) => ({ id: id + 1, name }));
const to: LabelOptions = { labels: set, width: 40, height: 30 };
const create = async (options: Partial<LabelerOptions> = {}): Promise<Labeler> =>
  createLabeler({ weights, device: (await testDevice()).gpu, ...options });

let labeler: Labeler;
beforeAll(async () => void (labeler = await create()));
afterAll(() => labeler.dispose());

describe("a map", () => {
  test("has the labels of the classes that the segmenter finds, 255 where there is none, and how sure it is", async () => {
    const source = await openSafetensors(bytesAccess(weights));
    const runner = await SegmenterRunner.open(source, await testDevice(), "weights");
    const size = { width: 40, height: 30 };
    const found = await runner.segment(outside, size);
    const ids = labelsOfClasses(runner.names, set);
    const expected = Uint8Array.from(found.classes, (c) => ids[c]);
    expect(labeler.classes).toEqual(runner.names);
    runner.dispose();

    const map = await labeler.label(rgba(outside), to);
    expect(map).toEqual({ data: expected, ...size, confidence: found.confidence });
    expect(map.data).toBeInstanceOf(Uint8Array);
    expect(map.data[20]).toBe(1);
    const few = await labeler.label(rgba(outside), { ...to, labels: set.slice(0, 1) });
    expect(new Set(few.data)).toEqual(new Set([1, 255]));
  });

  test("has the set's don't-care where a class has no label, or the net is not sure enough; ids may have 16 bits", async () => {
    const labels = [{ id: 300, name: "Sky" }];
    const { data, confidence } = await labeler.label(rgba(outside), { ...to, labels, dontCare: 7, minConfidence: 0.9 });
    expect(data).toBeInstanceOf(Uint16Array);
    expect(new Set(data)).toEqual(new Set([7, 300]));
    const sky = (await labeler.label(rgba(outside), { ...to, labels, dontCare: 7 })).data;
    expect([...data]).toEqual([...sky].map((id, p) => (confidence[p] < 0.9 ? 7 : id)));
    expect([...data]).not.toEqual([...sky]);
    // A label 255 and a class without one are told apart.
    const both = await labeler.label(rgba(outside), { ...to, labels: [{ id: 255, name: "sky" }], dontCare: 0 });
    expect(new Set(both.data)).toEqual(new Set([0, 255]));
  });

  test("has other labels for some classes, by name or id", async () => {
    const mapping = { sky: "road", mountain: 6, grass: null };
    const plainly = (await labeler.label(rgba(outside), to)).data;
    const mapped = (await labeler.label(rgba(outside), { ...to, mapping })).data;
    // "mountain" also stands for hills and the like, which go on by their names.
    plainly.forEach((id, p) => {
      if (id === 1) expect(mapped[p]).toBe(4);
      else expect([id, 6, 255]).toContain(mapped[p]);
    });
  });

  test("of several photos at once: each is that of its own, whatever happens to the pixels later", async () => {
    const [first, second] = [rgba(outside), rgba(inside)];
    const alone = [await labeler.label(first, to), await labeler.label(second, to)];
    expect(alone[0].data).not.toEqual(alone[1].data);
    const calls = [labeler.label(first, to), labeler.label(second, to), labeler.label(first, to)];
    first.data.fill(0);
    expect(await Promise.all(calls)).toEqual([alone[0], alone[1], alone[0]]);
  });

  test("is that of PIL's resized photo, bit for bit", async () => {
    for (const [width, height] of [
      [90, 700],
      [1300, 31],
      [33, 33],
      [1, 1],
    ]) {
      const photo = pilBilinearResize(inside, width, height);
      expect(await square(rgba(photo), 33)).toEqual(pilBilinearResize(photo, 33, 33));
    }
  });
});

describe("label() refuses", () => {
  const photo = rgba(pilBilinearResize(outside, 20, 20));
  const list = 'is no list, or an empty one; give a list like [{ id: 0, name: "sky" }], such as info.labels of a Spade';
  test.each<[unknown, string]>([
    [{ labels: undefined }, `label({ labels }): ${list}`],
    [{ labels: [] }, `label({ labels }): ${list}`],
    [{ labels: [null] }, "label({ labels }): entry 0 has no id (0 to 65535) and name; "],
    [{ labels: [...set, { id: 70000, name: "x" }] }, "label({ labels }): entry 6 has no id (0 to 65535) and name; "],
    [{ labels: [...set, set[0]] }, "label({ labels }): id 1 comes twice; give every id once"],
    [{ width: 0 }, "label({ width }): is 0; give whole pixels from 1 to 8192"],
    [{ height: 8193 }, "label({ height }): is 8193; "],
    [{ height: "9" }, "label({ height }): is 9; "],
    [{ dontCare: -1 }, "label({ dontCare }): is -1; give an id from 0 to 65535, or null"],
    [{ minConfidence: 2 }, "label({ minConfidence }): is 2; give a number from 0 to 1"],
    [{ minConfidence: NaN }, "label({ minConfidence }): is NaN; "],
    [{ mapping: "sky" }, "label({ mapping }): is no object of labels; "],
    [{ mapping: { sky: undefined } }, "label({ mapping }): is no object of labels; "],
    [
      { mapping: { skies: 1 } },
      'mapping, "skies": is no class of the segmenter; give one of its 151 classes, such as ',
    ],
    [{ mapping: { sky: "clouds" } }, 'mapping, "sky": its label "clouds" is none of the set\'s; '],
    [{ signal: 3 }, "label({ signal }): is no AbortSignal; "],
  ])("%o", async (wrong, message) => {
    const error = await failure(() => labeler.label(photo, { ...to, ...(wrong as object) }));
    expect([error.code, error.message.slice(0, message.length)]).toEqual(["usage", message]);
  });

  test("what are no options, and no photo", async () => {
    expect((await failure(() => labeler.label(photo, undefined as never))).message).toBe(
      "label: its options are undefined; give { labels, width, height }",
    );
    for (const none of [undefined, { data: [], width: 1, height: 1 }])
      expect((await failure(() => labeler.label(none as never, to))).message).toBe(
        "label: the photo is not { data: RGBA, width, height }; give four bytes a pixel",
      );
  });
});

describe("createLabeler", () => {
  test("reads a path, whose hash may be given, and reports a progress that never falls", async () => {
    const folder = mkdtempSync(join(tmpdir(), "labeler-"));
    try {
      const path = join(folder, "small.safetensors");
      writeFileSync(path, weights);
      const seen: { phase: string; progress: number }[] = [];
      const options = {
        weights: path,
        integrity: await integrity(weights),
        onProgress: (p: (typeof seen)[0]) => seen.push(p),
      };
      (await create(options)).dispose();
      expect(seen.map(({ progress }) => progress)).toEqual(seen.map(({ progress }) => progress).sort((a, b) => a - b));
      expect(seen.filter(({ progress }) => progress === 1)).toEqual([expect.objectContaining({ phase: "ready" })]);
      expect(new Set(seen.map(({ phase }) => phase))).toEqual(new Set(["download", "upload", "ready"]));
      const wrong = { ...options, integrity: await integrity(weights.subarray(1)) };
      await expect(create(wrong)).rejects.toMatchObject({ code: "integrity" });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("refuses a net that paints, a file that is damaged, and options of a wrong type", async () => {
    await expect(create({ weights: await painting(plain) })).rejects.toMatchObject({
      code: "unsupported",
      problem: expect.stringMatching(/^is no segmenter/) as unknown,
    });
    await expect(create({ weights: weights.subarray(0, 1e6) })).rejects.toMatchObject({ code: "file" });
    await expect(createLabeler(undefined as never)).rejects.toMatchObject({ where: "createLabeler", code: "usage" });
    await expect(create({ weights: 3 as never })).rejects.toMatchObject({ where: "createLabeler({ weights })" });
    await expect(create({ device: {} as never })).rejects.toMatchObject({ where: "createLabeler({ device })" });
  });

  test("ends with the reason of its signal, before and while it loads, and frees its device", async () => {
    const reason = new Error("another page");
    await expect(create({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    let device!: Device;
    const openDevice = async (o: OpenOptions): Promise<Device> => (device = await openNodeDevice(o));
    const stream = new ReadableStream<Uint8Array>({
      start: (c) => c.enqueue(weights.subarray(0, 1e6)),
      pull: () => controller.abort(reason),
    });
    const { signal } = controller;
    await expect(createLabelerOn({ ...nodeHost(), openDevice }, { weights: stream, signal })).rejects.toBe(reason);
    expect(await device.gpu.lost).toMatchObject({ reason: "destroyed" });
  });
});

describe("a labeler", () => {
  test("ends one call by its signal; others go on", async () => {
    const controller = new AbortController();
    const reason = new Error("another photo");
    const [first, second] = [
      labeler.label(rgba(outside), { ...to, signal: controller.signal }),
      labeler.label(rgba(inside), to),
    ];
    controller.abort(reason);
    await expect(first).rejects.toBe(reason);
    expect((await second).data.length).toBe(1200);
  });

  test("labels photos in the order of its calls, however large they are", async () => {
    const order: string[] = [];
    const calls = [
      labeler.label(rgba(pilBilinearResize(outside, 3000, 2000)), to).then(() => order.push("large")),
      labeler.label(rgba(pilBilinearResize(outside, 20, 20)), to).then(() => order.push("small")),
    ];
    await Promise.all(calls);
    expect(order).toEqual(["large", "small"]);
  });

  test("that is disposed ends what runs and waits, and every later call; a borrowed device stays and holds nothing", async () => {
    const device = await openNodeDevice();
    const other = await create({ device: device.gpu });
    const calls = [other.label(rgba(outside), to), other.label(rgba(inside), to)];
    await new Promise((resolve) => setTimeout(resolve, 50));
    other.dispose();
    other.dispose();
    for (const outcome of await Promise.allSettled(calls))
      expect(outcome).toMatchObject({ reason: { code: "disposed" } });
    await expect(other.label(rgba(outside), to)).rejects.toMatchObject({
      code: "disposed",
      message: "label: this Labeler was disposed; create a new one",
    });
    const lost = await Promise.race([device.gpu.lost.then(() => true), Promise.resolve(false)]);
    expect(lost).toBe(false);
    device.dispose();
  });

  test("whose own device is lost opens another, and gives the right map", async () => {
    const devices: Device[] = [];
    const openDevice = async (o: OpenOptions): Promise<Device> => {
      devices.push(await openNodeDevice(o));
      return devices.at(-1)!;
    };
    const other = await createLabelerOn({ ...nodeHost(), openDevice }, { weights });
    const events: string[] = [];
    for (const type of ["lost", "restored", "notice"])
      other.addEventListener(type, (e) =>
        events.push([e.type, (e as Event & { code?: string }).code].join(" ").trim()),
      );
    const expected = await labeler.label(rgba(outside), to);
    const running = other.label(rgba(outside), to);
    devices[0].gpu.destroy();
    expect(await running).toEqual(expected);
    expect([devices.length, events]).toEqual([2, ["notice software-adapter", "lost", "restored"]]);
    other.dispose();
    expect(devices.map(({ allocated }) => allocated)).toEqual([0, 0]);
  });

  test("on a borrowed device that is lost says so, and goes on with the next one", async () => {
    const [first, second] = [await openNodeDevice(), await openNodeDevice()];
    const other = await create({ device: first.gpu });
    first.gpu.destroy();
    await expect(other.label(rgba(outside), to)).rejects.toMatchObject({
      code: "device-lost",
      fix: "give a new one: restore(device)",
    });
    await other.restore(second.gpu);
    expect(await other.label(rgba(outside), to)).toEqual(await labeler.label(rgba(outside), to));
    other.dispose();
    second.dispose();
  });
});
