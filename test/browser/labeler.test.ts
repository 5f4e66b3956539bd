// spade-webgpu/labeler: label maps of photos, in the page and in workers.

import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { createLabeler } from "../../src/labeler_node.ts";
import type * as entry from "../../src/labeler.ts";
import type * as workerEntry from "../../src/labeler_worker.ts";
import { pilBilinearResize } from "../../src/pictures/pil_bilinear.ts";
import { rgba, room, valley } from "../segmenting/drawn.ts";
import { smallSegmenter } from "../segmenting/small.ts";
import { manifest, tiny } from "./files.ts";
import { describePage, type Lab } from "./harness.ts";

interface PlainMap {
  data: number[];
  width: number;
  height: number;
  confidence: number[];
}
interface PlainPhoto {
  data: number[];
  width: number;
  height: number;
}

interface LabelerLib extends Omit<typeof entry, "SpadeError"> {
  createInWorker: typeof workerEntry.createLabeler;
  inOwnWorker(job: { weights: string; photo: ImageData; to: entry.LabelOptions }): Promise<PlainMap | string>;
  plain(map: Awaited<ReturnType<entry.Labeler["label"]>>): PlainMap;
  image(photo: PlainPhoto): ImageData;
}

const SMALL = "/small.safetensors";
const to = {
  labels: ["sky", "mountain", "grass", "road", "wall", "floor"].map((name, id) => ({ id: id + 300, name })),
  width: 32,
  height: 24,
  dontCare: 9,
};
const photos = [valley(), room()].map((photo) => rgba(pilBilinearResize(photo, 160, 120)));
const sent = photos.map(({ data, width, height }): PlainPhoto => ({ data: [...data], width, height }));

/** In the page or in the worker. */
const FORMS = ["createLabeler", "createInWorker"] as const;

const open = (lab: Lab, before?: string): Promise<Page> => lab.page(undefined, { path: "/pages/labeler.html", before });

describePage("a labeler", (lab) => {
  const weights = smallSegmenter();
  const expected: PlainMap[] = [];
  beforeAll(async () => {
    lab.server.put(SMALL, weights);
    lab.server.put(`${SMALL}.json`, await manifest(weights));
    lab.server.put("/painting.safetensors", await tiny());
    const labeler = await createLabeler({ weights });
    for (const photo of photos) {
      const { data, width, height, confidence } = await labeler.label(photo, to);
      expected.push({ data: [...data], width, height, confidence: [...confidence] });
    }
    labeler.dispose();
    expect(expected[0].data).not.toEqual(expected[1].data);
  });

  test.each(FORMS)("%s gives Node's maps, two at once, of every kind of photo", async (form) => {
    const page = await open(lab);
    const outcome = await page.evaluate(
      async ({ form, to, sent, weights }) => {
        const lib = window.lib as unknown as LabelerLib;
        const progress: { phase: string; progress: number }[] = [];
        const labeler = await lib[form]({ weights, onProgress: (p) => progress.push(p) });
        const notice = await new Promise((done) =>
          labeler.addEventListener("notice", (e) => done((e as Event & { code: string }).code)),
        );
        const images = sent.map(lib.image);
        const both = await Promise.all(images.map((photo) => labeler.label(photo, to)));
        const canvas = new OffscreenCanvas(images[0].width, images[0].height);
        canvas.getContext("2d")!.putImageData(images[0], 0, 0);
        const drawn = labeler.label(canvas, to);
        // The photo is that of the call.
        canvas.getContext("2d")!.clearRect(0, 0, canvas.width, canvas.height);
        const blob = await labeler.label(await createImageBitmap(images[1]), to);
        const { classes } = labeler;
        labeler.dispose();
        return {
          maps: [...both, await drawn, blob].map(lib.plain),
          classes: [classes.length, classes.includes("sky")],
          last: progress.at(-1),
          falls: progress.some((p, i) => i > 0 && p.progress < progress[i - 1].progress),
          notice,
        };
      },
      { form, to, sent, weights: SMALL },
    );
    expect(outcome.maps).toEqual([...expected, ...expected]);
    expect(outcome.classes).toEqual([151, true]);
    expect(outcome).toMatchObject({ last: { phase: "ready", progress: 1 }, falls: false, notice: "software-adapter" });
  });

  test("a worker of the page's own imports the package", async () => {
    const page = await open(lab);
    const map = await page.evaluate(
      ({ to, photo, weights }) => {
        const lib = window.lib as unknown as LabelerLib;
        return lib.inOwnWorker({ weights, photo: lib.image(photo), to });
      },
      { to, photo: sent[0], weights: SMALL },
    );
    expect(map).toEqual(expected[0]);
  });

  test.each(FORMS)("%s: an abort ends one call, dispose() all; errors keep their parts", async (form) => {
    const page = await open(lab);
    const outcome = await page.evaluate(
      async ({ form, to, sent, weights }) => {
        const lib = window.lib as unknown as LabelerLib;
        const labeler = await lib[form]({ weights });
        labeler.addEventListener("notice", () => undefined);
        const photo = lib.image(sent[0]);
        const message = (e: Error): string => `${e.name}: ${e.message}`;
        const code = (e: { code: string }): string => e.code;
        const controller = new AbortController();
        const reason = new Error("another photo");
        const aborted = labeler.label(photo, { ...to, signal: controller.signal }).catch((e: unknown) => e === reason);
        const next = labeler.label(photo, to);
        controller.abort(reason);
        const wrong = [
          await labeler.label(photo, { ...to, width: 0 }).catch(message),
          await labeler.label(photo, undefined as never).catch(message),
          await labeler.label(new Blob(["no picture"]), to).catch(message),
        ];
        const map = lib.plain(await next);
        const running = labeler.label(photo, to).catch(code);
        labeler.dispose();
        labeler.dispose();
        const ended = [await running, await labeler.label(photo, to).catch(code)];
        const painting = await lib[form]({ weights: "/painting.safetensors" }).catch(message);
        const missing = await lib[form]({ weights: "/none.safetensors" }).catch(code);
        return { aborted: await aborted, map, wrong, ended, painting, missing };
      },
      { form, to, sent, weights: SMALL },
    );
    expect(outcome).toMatchObject({ aborted: true, map: expected[0], ended: ["disposed", "disposed"] });
    expect(outcome.wrong[0]).toBe("SpadeError: label({ width }): is 0; give whole pixels from 1 to 8192");
    expect(outcome.wrong[1]).toMatch(/^SpadeError: label/);
    expect(outcome.wrong[2]).toMatch(/^SpadeError: label: the photo can't be drawn \(.*\); give an image, canvas/);
    expect(outcome.painting).toBe(
      "SpadeError: weights: is no segmenter: its metadata have no segmenter and labels; give ade20k_segmenter.safetensors of the package spade-webgpu-weights",
    );
    expect(outcome.missing).toBe("download");
  });

  test("an abort while it loads throws the signal's reason; the next visit has the file from the cache", async () => {
    const page = await open(lab);
    lab.server.put("/slow.safetensors", weights, { pace: 200 });
    const outcome = await page.evaluate(async (small) => {
      const lib = window.lib as unknown as LabelerLib;
      const controller = new AbortController();
      const { signal } = controller;
      const reason = new Error("moved on");
      const onProgress = ({ loaded }: { loaded: number }): void => void (loaded && controller.abort(reason));
      const aborted = await lib
        .createLabeler({ weights: "/slow.safetensors", signal, onProgress })
        .catch((e: unknown) => e === reason);
      (await lib.createLabeler({ weights: small })).dispose();
      let cached = false;
      (await lib.createLabeler({ weights: small, onProgress: (p) => (cached = p.cached) })).dispose();
      return { aborted, cached };
    }, SMALL);
    expect(outcome).toEqual({ aborted: true, cached: true });
    expect(lab.server.sent("/slow.safetensors")).toBeLessThan(weights.length);
  });

  test("without WebGPU nothing is downloaded", async () => {
    const page = await open(lab, "Object.defineProperty(navigator, 'gpu', { value: undefined })");
    lab.server.forgetVisits();
    const code = await page.evaluate((weights) => {
      const lib = window.lib as unknown as LabelerLib;
      return lib.createLabeler({ weights }).catch((e: { code: string }) => e.code);
    }, SMALL);
    expect(code).toBe("no-webgpu");
    expect(lab.server.sent(SMALL)).toBe(0);
  });

  test("a device that is destroyed while it labels: another is opened, and the map is right; a borrowed one stays alive", async () => {
    const page = await open(lab);
    const outcome = await page.evaluate(
      async ({ to, photo, weights }) => {
        const lib = window.lib as unknown as LabelerLib;
        const { requestDevice } = GPUAdapter.prototype;
        const devices: GPUDevice[] = [];
        GPUAdapter.prototype.requestDevice = async function (...args) {
          devices.push(await requestDevice.apply(this, args));
          return devices.at(-1)!;
        };
        const labeler = await lib.createLabeler({ weights });
        const events: string[] = [];
        for (const type of ["lost", "restored"]) labeler.addEventListener(type, (e) => events.push(e.type));
        const running = labeler.label(lib.image(photo), to);
        devices[0].destroy();
        const map = lib.plain(await running);
        labeler.dispose();
        const device = await (await navigator.gpu.requestAdapter())!.requestDevice();
        const borrower = await lib.createLabeler({ weights, device });
        const same = lib.plain(await borrower.label(lib.image(photo), to)).data;
        borrower.dispose();
        const alive = await Promise.race([device.lost.then(() => "lost"), Promise.resolve("alive")]);
        return { map, events, same, alive };
      },
      { to, photo: sent[0], weights: SMALL },
    );
    // A device without features has other kernels, which round differently.
    const same = expected[0].data;
    expect(outcome).toEqual({ map: expected[0], events: ["lost", "restored"], same, alive: "alive" });
  });
});
