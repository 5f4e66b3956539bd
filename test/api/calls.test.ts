// What callers may do while a picture is made, and what they may get wrong.

import { loadGenerator } from "../../src/painting/open_net.ts";
import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { SpadePainter } from "../../src/painting/spade_painter.ts";
import { seededGenerator } from "../../src/models/weights/seeded.ts";
import { memorySource } from "../../src/models/weights/source.ts";
import { windowsOf } from "../../src/painting/windows.ts";
import { openNodeDevice } from "../../src/node/dawn.ts";
import { createSpade, type LabelMap, type Progress, type Spade, type SpadeOptions } from "../../src/node.ts";
import { toPicture } from "../../src/painting/present/picture.ts";
import { testDevice } from "../support/device.ts";
import { noise, plain, stateFile, stripes, vae, weights } from "./tiny.ts";

const made: Spade[] = [];
async function create(options: SpadeOptions): Promise<Spade> {
  const spade = await createSpade(options);
  spade.addEventListener("notice", () => undefined);
  made.push(spade);
  return spade;
}
afterAll(() => made.forEach((s) => s.dispose()));

const map = stripes(64, 64, 4);

/** An object with a typed array's class, tag and length, without its memory. */
const lookalike = (type: typeof Uint8Array | typeof Float32Array, length: number): object =>
  Object.create(type.prototype, { length: { value: length }, [Symbol.toStringTag]: { value: type.name } }) as object;

/* eslint-disable @typescript-eslint/no-explicit-any -- callers without types */

describe("a call", () => {
  let spade: Spade;
  beforeAll(async () => void (spade = await create({ weights: await weights(vae) })));

  test("paints what it was given, whatever the caller does with the map and the style meanwhile", async () => {
    const style = new Float32Array(8).fill(0.5);
    const wanted = await spade.generate(map, { style: style.slice(), instance: stripes(64, 64, 4, 4) });
    for (let turns = 0; turns < 12; turns++) {
      const mine: LabelMap = { ...map, data: map.data.slice() };
      const z = style.slice();
      const instance = stripes(64, 64, 4, 4);
      // Another map first, so that the tables are made anew.
      const other = spade.generate(stripes(64, 64, 3), { style: 1 });
      const picture = spade.generate(mine, { style: z, instance });
      if (turns % 2) await other;
      for (let i = 0; i < 3 * turns; i++) await Promise.resolve();
      mine.data.fill(2);
      instance.data.fill(0);
      z.fill(-1);
      expect((await picture).data).toEqual(wanted.data);
      // Nor is the edited map taken for the painted one.
      if (turns < 2) expect((await spade.generate(mine, { style, instance })).data).not.toEqual(wanted.data);
    }
  });

  test("many may wait, and come in order", async () => {
    const seen: number[] = [];
    const warned: Error[] = [];
    const listen = (w: Error): void => void warned.push(w);
    process.on("warning", listen);
    await Promise.all(Array.from({ length: 24 }, (_, i) => spade.generate(map, { style: i }).then(() => seen.push(i))));
    process.off("warning", listen);
    expect(seen).toEqual(Array.from({ length: 24 }, (_, i) => i));
    expect(warned.filter((w) => /MaxListeners/.test(w.name))).toEqual([]);
  });

  test("in the queue is rejected as soon as its signal is aborted", async () => {
    const done: string[] = [];
    const first = spade.generate(noise(64, 64, 4, 5), { style: 1 }).then(() => done.push("first"));
    const stop = new AbortController();
    const second = spade.generate(map, { signal: stop.signal }).catch((e: unknown) => done.push(String(e)));
    stop.abort("enough");
    await expect(spade.generate(map, { signal: stop.signal })).rejects.toBe("enough");
    await Promise.all([first, second]);
    expect(done).toEqual(["enough", "first"]);
    expect((await spade.generate(map)).width).toBe(64);
  });

  test.each<[string, any, any, string]>([
    ["no map", undefined, undefined, "label map: is undefined"],
    ["null for a map", null, undefined, "label map: is null"],
    ["a map without data", { width: 64, height: 64 }, undefined, "label map"],
    ["data in a list", { ...map, data: [...map.data] }, undefined, "label map"],
    ["null for options", map, null, "options are null"],
    ["null for a style", map, { style: null }, "style"],
    ["a list for a style", map, { style: [1, 2, 3] }, "style"],
    ["a style with NaN", map, { style: new Float32Array(8).fill(NaN) }, "NaN"],
    ["a style too short", map, { style: new Float32Array(7) }, "z_dim is 8"],
    ["null for an instance map", map, { instance: null }, "instance map: is null"],
    ["no signal", map, { signal: {} }, "signal"],
    [
      "what only looks like data",
      { ...map, data: lookalike(Uint8Array, 64 * 64) },
      undefined,
      "data is of type object",
    ],
    ["what only looks like a style", map, { style: lookalike(Float32Array, 8) }, "style"],
    ...[-1, 1.5, NaN, Infinity, 2 ** 53].map((seed): [string, any, any, string] => [
      `seed ${seed}`,
      map,
      { style: seed },
      `the seed is ${seed}`,
    ]),
  ])("with %s is refused", async (_name, m, options, message) => {
    await expect(spade.generate(m, options)).rejects.toMatchObject({
      name: "SpadeError",
      message: expect.stringContaining(message),
    });
  });
});

describe("createSpade", () => {
  test.each<[string, any]>([
    ["createSpade", undefined],
    ["createSpade", null],
    ["weights", {}],
    ["weights", { weights: 7 }],
    ["size", { weights: "x", size: [NaN, 64] }],
    ["size", { weights: "x", size: 64 }],
    ["dtype", { weights: "x", dtype: "f8" }],
    ["device", { weights: "x", device: {} }],
    ["device", { weights: "x", device: { createComputePipelineAsync: () => 0, lost: Promise.resolve() } }],
    ["weights", { weights: "" }],
    ["weights", { weights: lookalike(Uint8Array, 100) }],
    ["weights", { weights: new Float32Array(9) }],
    ["signal", { weights: "x", signal: {} }],
    ["signal", { weights: "x", signal: null }],
    ["onProgress", { weights: "x", onProgress: 5 }],
    ["powerPreference", { weights: "x", powerPreference: "most" }],
    ["file://host/x", { weights: "file://host/x" }],
    ["file:///a%2Fb", { weights: new URL("file:///a%2Fb") }],
    ["ftp://host/x", { weights: "ftp://host/x" }],
  ])("names %s where it is wrong (%#)", async (where, options) => {
    await expect(createSpade(options)).rejects.toMatchObject({
      name: "SpadeError",
      code: "usage",
      where: expect.stringContaining(where),
    });
  });

  test("reports ready once, last, and nothing afterwards; what listens may throw by then", async () => {
    const seen: Progress[] = [];
    const onProgress = (p: Progress): void => {
      if (seen.at(-1)?.phase === "ready") throw new Error("after ready");
      seen.push({ ...p });
    };
    const spade = await create({ weights: await weights(plain), onProgress });
    await spade.generate(noise(64, 64, 4, 1));
    expect(seen.map((p) => p.phase).indexOf("ready")).toBe(seen.length - 1);
    expect(seen.every((p, i) => i === 0 || p.progress >= seen[i - 1].progress)).toBe(true);
    const compile = seen.filter((p) => p.phase === "compile");
    expect(compile.at(-1)).toMatchObject({ loaded: compile.at(-1)!.total });
    expect(compile[0].progress).toBeLessThan(0.9);
    expect(seen.at(-2)!.progress).toBeLessThan(1);
    expect(seen.at(-1)).toMatchObject({ progress: 1, cached: false });
  });

  test("takes bytes, maps and styles of another realm", async () => {
    const other = <T>(code: string): T => runInNewContext(code, { Uint8Array: undefined }) as T;
    const bytes = await weights(vae);
    const buffer = other<ArrayBuffer>(`new ArrayBuffer(${bytes.length})`);
    new Uint8Array(buffer).set(bytes);
    const spade = await create({ weights: buffer });
    const data = runInNewContext(`new Uint8Array(${64 * 64})`) as Uint8Array;
    const style = runInNewContext("new Float32Array(8)") as Float32Array;
    const picture = await spade.generate({ width: 64, height: 64, data }, { style });
    expect(picture.data).toEqual((await spade.generate({ ...map, data: new Uint8Array(64 * 64) })).data);
  });

  test.each(["sha256-AAAA", "sha384-AAAA", 5])(
    "refuses a malformed hash before anything is read (%s)",
    async (hash) => {
      const wrong = { weights: "no such file", integrity: hash as any };
      await expect(createSpade(wrong)).rejects.toMatchObject({
        code: "integrity",
        fix: expect.stringMatching(/base64/),
      });
    },
  );

  test.skipIf(!existsSync("/proc/self/fd"))("closes the file, whatever happens", async () => {
    const folder = await mkdtemp(join(tmpdir(), "spade-"));
    const path = join(folder, "w.safetensors");
    const open = (): number =>
      readdirSync("/proc/self/fd").filter((fd) => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`) === path;
        } catch {
          return false;
        }
      }).length;
    const bytes = await weights(plain);
    await writeFile(path, bytes);
    const hash = Buffer.from(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>)).toString(
      "base64",
    );
    await expect(createSpade({ weights: path, integrity: `sha256-${"A".repeat(43)}=` })).rejects.toMatchObject({
      code: "integrity",
    });
    expect(open()).toBe(0);
    const fails = { weights: path, onProgress: () => { throw new Error("listener"); } }; // prettier-ignore
    await expect(createSpade(fails)).rejects.toThrow("listener");
    expect(open()).toBe(0);
    await create({ weights: path, integrity: `sha256-${hash}` });
    expect(open()).toBe(0);
    await rm(folder, { recursive: true });
  });
});

describe("NaN", () => {
  test.each([NaN, Infinity, -Infinity])("in the weights is an error that names the key (%s)", async (value) => {
    const state = seededGenerator(plain, 3, 1);
    state.get("up_0.conv_0.bias")!.data[3] = value;
    const bytes = await stateFile(state, { config: JSON.stringify(plain) });
    const wanted = { code: "integrity", where: "weights, key up_0.conv_0.bias", problem: `value 3 is ${value}` };
    await expect(createSpade({ weights: bytes })).rejects.toMatchObject(wanted);
  });

  test("in a picture is an error that names the pixel", () => {
    const image = new Float32Array(4 * 2 * 3);
    image[3 * 6 + 1] = NaN;
    expect(() => toPicture(image, 4, 2)).toThrow(
      expect.objectContaining({ code: "integrity", problem: expect.stringContaining("(x 2, y 1)") }),
    );
  });
});

describe("dispose()", () => {
  const borrowed: (() => void)[] = [];
  afterEach(() => borrowed.splice(0).forEach((free) => free()));

  test.each([false, true])("ends what paints and what waits (borrowed device: %s)", async (isBorrowed) => {
    const device = isBorrowed ? await openNodeDevice() : undefined;
    if (device) borrowed.push(() => device.dispose());
    const spade = await create({ weights: await weights(plain), device: device?.gpu });
    const wanted = { code: "disposed", message: "dispose: this Spade was disposed; create a new one" };
    const running = spade.generate(map);
    const waiting = spade.generate(map, { signal: new AbortController().signal });
    await new Promise((resolve) => setTimeout(resolve, 5));
    spade.dispose();
    await expect(running).rejects.toMatchObject(wanted);
    await expect(waiting).rejects.toMatchObject(wanted);
  });

  test("ends what reads its photo", async () => {
    const spade = await create({ weights: await weights(plain) });
    const reading = spade.encode({ data: new Uint8ClampedArray(4), width: 1, height: 1, colorSpace: "srgb" });
    spade.dispose();
    await expect(reading).rejects.toMatchObject({ code: "disposed" });
  });

  test("every call afterwards says so", async () => {
    const spade = await create({ weights: await weights(plain) });
    spade.dispose();
    await expect(spade.generate(map)).rejects.toMatchObject({ code: "disposed" });
    spade.dispose();
  });
});

describe("a runner", () => {
  test("compiles nothing for the first map once it is warm, nor for maps that alternate", async () => {
    const device = await testDevice();
    const parameters = await loadGenerator(device, plain, memorySource(seededGenerator(plain, 3, 1)), "f32");
    let compiled = 0;
    const runner = await SpadePainter.create(device, plain, parameters, { onProgress: () => compiled++ });
    await expect(runner.paint()).rejects.toMatchObject({ code: "usage" });
    await runner.warm();
    await expect(runner.paint()).rejects.toMatchObject({ code: "usage" });
    compiled = 0;
    await runner.setMap(windowsOf(plain, [map], null));
    const before = await runner.paint();
    expect(compiled).toBe(0);

    const wild = windowsOf(plain, [noise(64, 64, 4, 7)], null);
    await runner.setMap(wild);
    const dense = await runner.paint();
    const bytes = device.allocated;
    for (let i = 0; i < 2; i++) {
      await runner.setMap(windowsOf(plain, [map], null));
      expect(await runner.paint()).toEqual(before);
      await runner.setMap(wild);
      expect(await runner.paint()).toEqual(dense);
    }
    expect(device.allocated).toBe(bytes);

    const stop = new AbortController();
    stop.abort("enough");
    await expect(runner.setMap(wild, stop.signal)).rejects.toBe("enough");
    await expect(runner.paint()).rejects.toMatchObject({ code: "usage" });
    runner.dispose();
  });
});

test("nothing of a disposed Spade stays with a borrowed device", async () => {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;
  const device = await openNodeDevice();
  const bytes = await weights(plain);
  const gone = async (): Promise<WeakRef<Spade>> => {
    const spade = await createSpade({ weights: bytes, device: device.gpu });
    spade.addEventListener("notice", () => undefined);
    await spade.generate(map, { signal: new AbortController().signal });
    spade.dispose();
    return new WeakRef(spade);
  };
  const refs = [await gone(), await gone()];
  for (let i = 0; i < 20 && refs.some((r) => r.deref()); i++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    gc();
  }
  expect(refs.map((r) => r.deref())).toEqual([undefined, undefined]);
  device.dispose();
});
