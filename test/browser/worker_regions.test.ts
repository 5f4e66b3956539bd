// spade-webgpu/worker with a net of SEAN: a worker with all generators opens it; styles of regions cross in both directions.

import { beforeAll, expect, test } from "vitest";
import type { Page } from "playwright-core";
import type * as entry from "../../src/worker.ts";
import { createSpade, mixRegionStyles, type Picture } from "../../src/node.ts";
import { sha256 } from "../../src/formats/manifest.ts";
import { stripes } from "../api/tiny.ts";
import { photo, seanWeights } from "../api/tiny_sean.ts";
import { describePage, type Lab } from "./harness.ts";

interface WorkerLib extends Omit<typeof entry, "SpadeError"> {
  stripes(width: number, height: number, labels: number): entry.LabelMap;
  photo(seed: number): ImageData;
  shown(source: ImageBitmapSource): Promise<string>;
}

const open = (lab: Lab): Promise<Page> => lab.page(undefined, { path: "/pages/session_worker.html" });
const plain = (styles: entry.RegionStyles): [string, number[]][] =>
  Object.entries(styles).map(([label, code]) => [label, Array.from(code as Float32Array)]);

describePage("SEAN in a worker", (lab) => {
  let expected: { own: [string, number[]][]; pictures: string[] };
  beforeAll(async () => {
    const weights = await seanWeights({ 3: Array<number>(8).fill(0.25) });
    lab.server.put("/sean.safetensors", weights);
    const spade = await createSpade({ weights, dtype: "f32" });
    spade.addEventListener("notice", () => undefined);
    const of = (seed: number): Picture => ({ data: photo(seed), width: 64, height: 64, colorSpace: "srgb" });
    const map = stripes(64, 64, 3);
    const own = await spade.encodeRegions(of(5), map);
    const mixed = mixRegionStyles(own, await spade.encodeRegions(of(7), map), { 1: 0.5 });
    const pictures = [];
    for (const style of [own, mixed])
      pictures.push(await sha256(new Uint8Array((await spade.generate(map, { style })).data)));
    spade.dispose();
    expected = { own: plain(own), pictures };
  });

  test("encodes regions, paints and lives in Node's bytes; progress never falls", async () => {
    const page = await open(lab);
    const outcome = await page.evaluate(async () => {
      const lib = window.lib as unknown as WorkerLib;
      const progress: number[] = [];
      const spade = await lib.createSpade({
        weights: "../sean.safetensors",
        onProgress: (p) => progress.push(p.progress),
      });
      const { style: none, regions } = spade.info;
      const map = lib.stripes(64, 64, 3);
      const own = await spade.encodeRegions(lib.photo(5), map);
      const mixed = lib.mixRegionStyles(own, await spade.encodeRegions(lib.photo(7), map), { 1: 0.5 });
      const pictures = [];
      for (const style of [own, mixed]) pictures.push(await lib.shown(await spade.generate(map, { style })));
      const canvas = document.createElement("canvas");
      const live = spade.live({ canvas, style: own });
      live.update(map);
      await live.idle();
      const first = await lib.shown(await spade.toBlob());
      live.style = mixed;
      await live.idle();
      const lively = [first, await lib.shown(await spade.toBlob())];
      live.stop();
      const codeOf = (e: { code: string; message: string }): string => `${e.code} ${e.message}`;
      const wrong = await spade.generate(map, { style: { 9: [1] } }).catch(codeOf);
      const size = await spade.encodeRegions(lib.photo(5), lib.stripes(32, 32, 3)).catch(codeOf);
      spade.dispose();
      const codes = Object.entries(own).map(([label, code]) => [label, Array.from(code as Float32Array)]);
      const rises = progress.every((p, i) => i === 0 || p >= progress[i - 1]) && progress.at(-1) === 1;
      return {
        none,
        count: regions!.labels,
        mean: Object.keys(regions!.mean),
        codes,
        pictures,
        lively,
        wrong,
        size,
        rises,
      };
    });
    expect(outcome).toMatchObject({
      none: null,
      count: 4,
      mean: ["3"],
      codes: expected.own,
      pictures: expected.pictures,
      lively: expected.pictures,
      rises: true,
    });
    expect(new Set(expected.pictures).size).toBe(2);
    expect(outcome.wrong).toMatch(/^usage .*label 9/);
    expect(outcome.size).toMatch(/^shape label map/);
  });

  test("bytes open too; a stream and a page's own worker say what to give", async () => {
    const page = await open(lab);
    const outcome = await page.evaluate(async () => {
      const lib = window.lib as unknown as WorkerLib;
      const own = (script: string) => () => new Worker(script, { type: "module" });
      const get = (): Promise<Response> => fetch("/sean.safetensors");
      const style = Object.fromEntries([0, 1, 2].map((label) => [label, Array<number>(8).fill(label / 4)]));
      const paint = async (options: entry.WorkerOptions): Promise<string> => {
        const spade = await lib.createSpade(options);
        return lib.shown(await spade.generate(lib.stripes(64, 64, 3), { style }));
      };
      const bytes = await paint({ weights: await (await get()).arrayBuffer() });
      const page = await paint({ weights: "/sean.safetensors", worker: own("/dist/pix2pixhd_engine.js") });
      const messageOf = (e: Error): string => e.message;
      const stream = await paint({ weights: (await get()).body! }).catch(messageOf);
      const spadeOnly = await paint({ weights: "/sean.safetensors", worker: own("/dist/worker_engine.js") }).catch(
        messageOf,
      );
      return { same: bytes === page, stream, spadeOnly };
    });
    expect(outcome).toEqual({
      same: true,
      stream: "weights: are those of a SEAN generator; give an address, a Blob or bytes: a stream can't be read again",
      spadeOnly:
        "weights: are those of a SEAN generator; give a worker of the script spade-webgpu/pix2pixhd-engine, which has all generators",
    });
  });
});
