// The painting studio on this machine: a server of the page, of the engine and of the nets, until Ctrl-C. Only on localhost and over https do
// browsers give pages WebGPU.

import { existsSync, readFileSync } from "node:fs";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import sirv from "sirv";
import { packagedFile, publishedWeights } from "../../formats/packaged.ts";
import { foreign, SpadeError } from "../../runtime/errors.ts";

export interface PaintOptions {
  /** Left out: 8000, or the next port that is free. */
  port?: number;
  host: string;
}

const PORT = 8000;
const LAST_PORT = PORT + 99;
/** Hosts whose pages browsers trust without https. */
const LOCAL = /^(localhost|127\.\d+\.\d+\.\d+|::1)$/;

/**
 * Serves the studio.
 * @returns the server, which listens, and the lines to print
 * @throws SpadeError file: the page or the nets are not here; usage: the port or the host can't be listened on
 */
export async function serveStudio({ port, host }: PaintOptions): Promise<{ server: Server; lines: string[] }> {
  const site = dirname(packagedFile(join("dist", "site", "index.html")));
  const weights = dirname(publishedWeights("landscape_net_G.safetensors"));
  const server = createServer(handler(site, dirname(packagedFile(join("dist", "index.js"))), weights));
  for (let at = port ?? PORT; !server.listening; at++) {
    try {
      server.listen(at, host);
      await once(server, "listening");
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === "EADDRINUSE" && port === undefined && at < LAST_PORT) continue;
      const where = code === "EADDRINUSE" || code === "EACCES" ? `--port ${at}` : `--host ${foreign(host, 60)}`;
      const problem = code === "EADDRINUSE" ? "is in use" : `can't be listened on (${message})`;
      throw new SpadeError("usage", where, problem, "give another one", error);
    }
  }
  const { port: at } = server.address() as AddressInfo;
  const address = `http://${host.includes(":") ? `[${host}]` : host}:${at}/`;
  const note = "browsers paint only on this machine, or behind a server with https";
  return { server, lines: [address, ...(LOCAL.test(host) ? [] : [note])] };
}

type Serve = (request: IncomingMessage, response: ServerResponse) => void;

/** Each request is answered from the disk as it is now. */
function handler(site: string, engine: string, weights: string): Serve {
  const setHeaders = (response: ServerResponse, path: string): void => {
    if (path.endsWith(".safetensors")) response.setHeader("content-type", "application/octet-stream");
  };
  const files = (folder: string) => sirv(folder, { dev: true, etag: true, setHeaders });
  const [fromSite, fromEngine, fromWeights] = [files(site), files(engine), files(weights)];
  return (request, response) => {
    const missing = (): void => void response.writeHead(404, { "content-type": "text/plain" }).end("not found");
    const path = (request.url ?? "").replace(/[?#].*/s, "");
    // sirv throws on addresses that are no UTF-8.
    if (!canDecode(path)) return missing();
    if (path === "/nets.json") {
      response.setHeader("content-type", "application/json");
      return void response.end(netsHere(site, weights));
    }
    const [, folder, rest] = /^\/(engine|weights)(\/[\w.]+)$/.exec(path) ?? [];
    if (!folder) return fromSite(request, response, missing);
    request.url = rest;
    (folder === "engine" ? fromEngine : fromWeights)(request, response, missing);
  };
}

function canDecode(path: string): boolean {
  try {
    return decodeURIComponent(path) !== "";
  } catch {
    return false;
  }
}

/** nets.json, with the nets of the folder alone. */
function netsHere(site: string, weights: string): string {
  const isHere = (path: string): boolean => existsSync(join(weights, path.replace(/^weights\//, "")));
  const { nets, segmenter } = JSON.parse(readFileSync(join(site, "nets.json"), "utf8")) as {
    nets: { weights: string }[];
    segmenter: { weights: string } | null;
  };
  return JSON.stringify({
    nets: nets.filter((net) => isHere(net.weights)),
    segmenter: segmenter && isHere(segmenter.weights) ? segmenter : null,
  });
}

/** Resolves when the user stops it: Ctrl-C, SIGTERM, a closed terminal. */
export async function untilStopped(server: Server): Promise<void> {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  await new Promise<void>((resolve) => signals.forEach((name) => process.on(name, () => resolve())));
  server.close();
  server.closeAllConnections();
}
