// Weights from a server that does not do what it should. In Node; a page takes the same path (web/open_weights.ts).

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSpade, mixStyles } from "../../src/node.ts";
import { plain, stripes, weights } from "./tiny.ts";

let base = "";
/** Bytes sent by /junk. */
let sent = 0;
let bytes: Uint8Array;

const routes: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {
  "/whole": (_, r) => void r.writeHead(200, { "content-length": bytes.length }).end(bytes),
  "/half": (_, r) => {
    r.writeHead(200, { "content-length": bytes.length });
    r.write(bytes.subarray(0, bytes.length >> 1), () => setTimeout(() => r.destroy(), 50));
  },
  "/page": (_, r) =>
    void r.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>Sign in</title>"),
  "/none": (_, r) => void r.writeHead(404).end(),
  "/empty": (_, r) => void r.writeHead(200).end(),
  "/junk": (_, r) => {
    r.writeHead(200, { "content-length": 700e6 });
    const piece = Buffer.alloc(1 << 20, 0x6a);
    const more = (): void => {
      while (!r.destroyed && sent < 700e6) {
        sent += piece.length;
        if (!r.write(piece)) return void r.once("drain", more);
      }
    };
    more();
  },
  "/huge": (_, r) => void r.writeHead(200, { "content-length": 5e9 }).write(bytes),
};

const server = createServer((request, response) => (routes[request.url!] ?? routes["/none"])(request, response));
beforeAll(async () => {
  bytes = await weights(plain);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void (server.closeAllConnections(), server.close()));

describe("weights from a server", () => {
  test("paint", async () => {
    const spade = await createSpade({ weights: new URL("/whole", base) });
    expect((await spade.generate(stripes(64, 64, 4))).width).toBe(64);
    expect(spade.info.bytes.download).toBe(bytes.length);
    spade.dispose();
  });

  test("that closes in the middle: how far it came, and to try again", async () => {
    const error: unknown = await createSpade({ weights: `${base}/half` }).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: "download", where: `${base}/half`, fix: "try again" });
    const problem = new RegExp(`^the connection broke after \\d+ of ${bytes.length} bytes \\(.+\\)$`);
    expect((error as { problem: string }).problem).toMatch(problem);
  });

  test.each([
    ["/page", "file", "is a web page, not a checkpoint"],
    ["/empty", "file", "is empty"],
    ["/none", "download", "the server answers 404"],
    ["/huge", "download", "is larger than 2048 MiB"],
  ])("%s: %s, %s", async (path, code, problem) => {
    await expect(createSpade({ weights: base + path })).rejects.toMatchObject({
      code,
      where: base + path,
      problem: expect.stringContaining(problem),
    });
  });

  test("that sends 700 MB of something else: stopped at its first bytes", async () => {
    await expect(createSpade({ weights: `${base}/junk` })).rejects.toMatchObject({
      code: "file",
      where: `${base}/junk`,
      problem: "is not a checkpoint",
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(sent).toBeLessThan(64e6);
  });

  test("that nobody answers for: the reason", async () => {
    await expect(createSpade({ weights: "http://127.0.0.1:1/x" })).rejects.toMatchObject({ code: "download" });
  });

  test("given up by its signal in the middle: the signal's reason", async () => {
    const stop = new AbortController();
    const onProgress = (): void => stop.abort("enough");
    await expect(createSpade({ weights: `${base}/half`, signal: stop.signal, onProgress })).rejects.toBe("enough");
  });
});

test.each([100, 5000])("a stream that stalls after %i bytes ends with the signal's reason", async (bytes) => {
  const stop = new AbortController();
  const start = (await weights(plain)).subarray(0, bytes);
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(start),
    pull: () => void setTimeout(() => stop.abort("enough"), 20),
  });
  await expect(createSpade({ weights: stream, signal: stop.signal })).rejects.toBe("enough");
});

test("styles of two lengths are not mixed", () => {
  expect(() => mixStyles(new Float32Array(2), new Float32Array(3), 0.5)).toThrow(/2 and 3 numbers/);
});
