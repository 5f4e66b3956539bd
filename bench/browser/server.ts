// A server for tests and benches of the page: files of folders and of memory, with the faults that real servers have, and counts of what it
// sent. It listens on two ports: two origins with the same files.

import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";

/** How a path is served. */
export interface Manner {
  /** Answer requests for ranges with the range; true. */
  range?: boolean;
  /** Compress, with content-encoding: gzip. */
  gzip?: boolean;
  /** Close the connection after so many bytes of the body: one number for each of the first requests. */
  cuts?: number[];
  status?: number;
  /** Let pages of other origins read it; true. */
  cors?: boolean;
  /** An ETag of the bytes; true. */
  etag?: boolean;
  /** Milliseconds before the answer. */
  delay?: number;
  /** Milliseconds between pieces of 256 KiB. */
  pace?: number;
  headers?: Record<string, string>;
}

export interface Visit {
  readonly method: string;
  /** The header `range`. */
  readonly range: string | undefined;
  /** Bytes of the body that were handed to the system. */
  bytes: number;
}

const PIECE = 1 << 18;
const TYPES: Record<string, string> = {
  ".css": "text/css",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

/** Headers with which WebAssembly has threads, of the page and of its workers. */
export const ISOLATED = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };

export class TestServer {
  private readonly servers: [Server, Server];
  private readonly files = new Map<string, Uint8Array>();
  private readonly manners = new Map<string, Manner>();
  private readonly visits = new Map<string, Visit[]>();

  private constructor(
    private readonly folders: Readonly<Record<string, string>>,
    private readonly headers: Readonly<Record<string, string>>,
  ) {
    const answer = (request: IncomingMessage, response: ServerResponse): void => {
      this.answer(request, response).catch(() => response.destroy());
    };
    this.servers = [createServer(answer), createServer(answer)];
  }

  /**
   * @param folders the folder of each beginning of a path, the longest that fits: { dist: "/somewhere/dist" } serves /dist/index.js
   * @param headers of every answer
   */
  static async start(
    folders: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<TestServer> {
    const server = new TestServer(folders, headers);
    await Promise.all(server.servers.map((s) => new Promise<void>((done) => s.listen(0, "127.0.0.1", done))));
    return server;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.servers[0].address() as AddressInfo).port}`;
  }

  /** The same files under another origin. */
  get otherOrigin(): string {
    return `http://127.0.0.1:${(this.servers[1].address() as AddressInfo).port}`;
  }

  /** Serves bytes under a path. @returns the path */
  put(path: string, bytes: Uint8Array | string, manner: Manner = {}): string {
    this.files.set(path, typeof bytes === "string" ? Buffer.from(bytes) : bytes);
    return this.set(path, manner);
  }

  /** Changes how a path is served. @returns the path */
  set(path: string, manner: Manner): string {
    this.manners.set(path, manner);
    return path;
  }

  /** The requests for a path so far. */
  visitsOf(path: string): readonly Visit[] {
    return this.visits.get(path) ?? [];
  }

  /** The paths that were asked for. */
  visited(): string[] {
    return [...this.visits.keys()];
  }

  /** The bytes that a path serves, as they are. @throws if there are none */
  contents(path: string): Uint8Array {
    const bytes = this.bytesOf(path);
    if (!bytes) throw new Error(`${path} is not served`);
    return bytes;
  }

  /** Bytes of the bodies that were sent for a path. */
  sent(path: string): number {
    return this.visitsOf(path).reduce((sum, v) => sum + v.bytes, 0);
  }

  forgetVisits(): void {
    this.visits.clear();
  }

  async close(): Promise<void> {
    for (const s of this.servers) s.closeAllConnections();
    await Promise.all(this.servers.map((s) => new Promise((done) => s.close(done))));
  }

  private bytesOf(path: string): Uint8Array | undefined {
    const known = this.files.get(path);
    if (known) return known;
    const below = normalize(path).slice(1);
    const folder = Object.keys(this.folders)
      .filter((name) => below.startsWith(`${name}/`))
      .sort((a, b) => b.length - a.length)[0];
    const file = folder && join(this.folders[folder], below.slice(folder.length));
    return file && existsSync(file) && statSync(file).isFile() ? readFileSync(file) : undefined;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url!, "http://localhost").pathname;
    const manner = this.manners.get(path) ?? {};
    const visit: Visit = { method: request.method!, range: request.headers.range, bytes: 0 };
    const visits = this.visits.get(path) ?? [];
    this.visits.set(path, [...visits, visit]);
    if (manner.delay) await sleep(manner.delay);
    const bytes = this.bytesOf(path);
    const status = manner.status ?? (bytes ? 200 : 404);
    const headers: Record<string, string | number> = {
      "content-type": TYPES[extname(path)] ?? "application/octet-stream",
      "cache-control": "no-store",
      ...this.headers,
    };
    if (manner.cors !== false) {
      headers["access-control-allow-origin"] = "*";
      headers["access-control-allow-headers"] = "*";
      headers["access-control-expose-headers"] = "content-range, etag";
    }
    if (!bytes || status !== 200 || request.method === "OPTIONS") {
      const text = Buffer.from(bytes && status === 200 ? "" : "<!doctype html><title>Not found</title>");
      visit.bytes = text.length;
      response.writeHead(status, { ...headers, "content-type": TYPES[".html"], "content-length": text.length });
      response.end(text);
      return;
    }
    if (manner.etag !== false) headers.etag = `"${createHash("sha1").update(bytes).digest("hex")}"`;
    const { body, part } = bodyOf(bytes, manner, visit.range);
    if (manner.gzip) headers["content-encoding"] = "gzip";
    if (part) headers["content-range"] = `bytes ${part.from}-${part.to - 1}/${bytes.length}`;
    response.writeHead(part ? 206 : 200, { ...headers, "content-length": body.length, ...manner.headers });
    await send(response, body, manner.cuts?.[visits.length], manner.pace, visit);
  }
}

/** The body of an answer; `part`: the range of the file that it is. */
function bodyOf(
  bytes: Uint8Array,
  { range = true, gzip }: Manner,
  wish: string | undefined,
): { body: Uint8Array; part?: { from: number; to: number } } {
  if (gzip) return { body: gzipSync(bytes, { level: 1 }) };
  const [, first, last] = (range && /^bytes=(\d+)-(\d*)$/.exec(wish ?? "")) || [];
  if (first === undefined) return { body: bytes };
  const part = { from: Number(first), to: Math.min(last ? Number(last) + 1 : Infinity, bytes.length) };
  return { body: bytes.subarray(part.from, part.to), part };
}

async function send(response: ServerResponse, body: Uint8Array, cut = Infinity, pace = 0, visit: Visit): Promise<void> {
  const end = Math.min(cut, body.length);
  for (let at = 0; at < end && !response.destroyed; at += PIECE) {
    const piece = body.subarray(at, Math.min(at + PIECE, end));
    // A write to a connection that is closed meanwhile calls back too, with an error.
    const error = await new Promise<Error | null | undefined>((done) => response.write(piece, done));
    if (error) return;
    visit.bytes += piece.length;
    if (pace) await sleep(pace);
  }
  if (cut < body.length) response.destroy();
  else response.end();
}
