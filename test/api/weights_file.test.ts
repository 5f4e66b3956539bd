// A weights file that is read while it arrives: what readers see when, and that their bytes stay theirs.

import { expect, test } from "vitest";
import { PART, sha256, type Manifest } from "../../src/formats/manifest.ts";
import { plainReader } from "../../src/formats/plain_checkpoint.ts";
import { WeightsCache } from "../../src/web/cache.ts";
import { WeightsFile, type Known } from "../../src/web/weights_file.ts";
import type { WebCache } from "../../src/session/api.ts";
import { failure } from "../formats/helpers.ts";

const PARTS = 5;
const json = JSON.stringify({
  w: { dtype: "U8", shape: [PARTS * PART - 4096], data_offsets: [0, PARTS * PART - 4096] },
});
/** Byte n of part i is i + n, modulo 256, behind a header of 4096 bytes. */
const bytes = Uint8Array.from({ length: PARTS * PART }, (_, n) => Math.floor(n / PART) + n);
bytes.fill(0x20, 0, 4096);
new DataView(bytes.buffer).setBigUint64(0, 4096n - 8n, true);
bytes.set(new TextEncoder().encode(json), 8);

const manifest = async (of: Uint8Array): Promise<Manifest> => ({
  bytes: of.length,
  parts: await Promise.all(Array.from({ length: PARTS }, (_, i) => sha256(of.subarray(i * PART, (i + 1) * PART)))),
});

interface Lab {
  file: WeightsFile;
  /** Lets the next `count` bytes arrive. */
  send(count: number): void;
}

function open(of: Uint8Array, known: Omit<Known, "body">, cache?: WebCache): Lab {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const stream = new ReadableStream<Uint8Array>({ start: (c) => void (controller = c) });
  let at = 0;
  const send = (count: number): void => {
    controller.enqueue(of.slice(at, (at += count)));
    if (at >= of.length) controller.close();
  };
  const name = "net.safetensors";
  const origin = { name, url: `http://localhost/${name}`, open: () => Promise.reject(new Error("no second download")) };
  const body = { stream, from: 0, size: of.length, validator: undefined };
  const options = { readers: [plainReader], report: () => undefined, onMemoryOnly: () => undefined };
  return {
    file: new WeightsFile(origin, { ...known, body }, { ...options, cache: cache && new WeightsCache(cache) }),
    send,
  };
}

const settled = async (promise: Promise<unknown>): Promise<boolean> => {
  let done = false;
  promise.then(
    () => (done = true),
    () => (done = true),
  );
  await new Promise((later) => setTimeout(later, 50));
  return done;
};

test("the header is read before the first part is there, tensors after it", async () => {
  const { file, send } = open(bytes, { manifest: await manifest(bytes) });
  send(5000);
  await file.opened();
  expect(await file.read(8, json.length)).toEqual(new TextEncoder().encode(json));
  const tensor = file.read(4096, 10);
  expect(await settled(tensor)).toBe(false);
  send(PART);
  expect(await tensor).toEqual(bytes.subarray(4096, 4106));
  send(bytes.length);
  await file.close();
});

test("where the first part does not fit its hash, nothing but its header was given, and confirm() says so", async () => {
  const damaged = bytes.slice();
  damaged[20] ^= 1;
  const { file, send } = open(damaged, { manifest: await manifest(bytes) });
  send(5000);
  await file.opened();
  await file.read(0, 4096);
  const tensor = failure(() => file.read(4096, 10));
  send(PART);
  // The rest may never come.
  for (const { code, problem } of [await tensor, await failure(() => file.confirm())])
    expect([code, problem]).toEqual(["integrity", expect.stringContaining("where the manifest has")]);
  await file.close();
});

test("bytes stay as they were read: brief ones until the next read, others for ever", async () => {
  const { file, send } = open(bytes, {});
  send(PART);
  await file.opened();
  const kept = await file.read(PART - 10, 10);
  for (let i = 1; i < PARTS; i++) {
    const brief = await file.read((i - 1) * PART + 5000, 1000, true);
    send(PART);
    await file.read(i * PART, 0).catch(() => undefined);
    const next = file.read(i * PART + 5000, 1000, true);
    expect(brief).toEqual(bytes.subarray((i - 1) * PART + 5000, (i - 1) * PART + 6000));
    await next;
  }
  await file.finished;
  expect(kept).toEqual(bytes.subarray(PART - 10, PART));
  // And again from the start, of parts that are no longer in memory.
  for (let i = 0; i < PARTS; i++)
    expect(await file.read(i * PART + 5000, 10, true)).toEqual(bytes.subarray(i * PART + 5000, i * PART + 5010));
  const whole = await file.read(0, bytes.length);
  expect(Buffer.compare(whole, bytes)).toBe(0);
  await file.close();
});

test("a cache that is slow holds up the end, not the download", async () => {
  const stored = new Map<string, Response>();
  let release!: () => void;
  const slow = new Promise<void>((done) => (release = done));
  const cache: WebCache = {
    match: async (key) => stored.get(key as string)?.clone(),
    put: (key, response) => slow.then(() => void stored.set(key as string, response)),
    delete: async (key) => stored.delete(key as string),
  };
  const { file, send } = open(bytes, {}, cache);
  send(bytes.length);
  await file.opened();
  expect(await file.read((PARTS - 1) * PART, 10, true)).toEqual(bytes.subarray((PARTS - 1) * PART).subarray(0, 10));
  expect(await settled(file.finished)).toBe(false);
  release();
  await file.finished;
  expect(stored.size).toBe(PARTS + 1);
  await file.close();
});
