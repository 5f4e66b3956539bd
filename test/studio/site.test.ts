// The studio's page as it is built, and the command that serves it, in a clone and installed.

import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  writeFileSync,
} from "node:fs";
import { rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
// @ts-expect-error: a script without types
import * as untyped from "../../scripts/build/site.mjs";
import type { Site } from "../../src/studio/files/site.ts";

const { buildSite, ENGINE } = untyped as {
  buildSite(o: { out: string; weights?: string }): Promise<{ bytes: { page: number; withEngine: number } }>;
  ENGINE: string[];
};

const root = fileURLToPath(new URL("../..", import.meta.url));
let dir: string;
let built: Awaited<ReturnType<typeof buildSite>>;
beforeAll(async () => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "spade-site-")));
  built = await buildSite({ out: join(dir, "site") });
});
afterAll(() => rm(dir, { recursive: true, force: true }));
const read = (...path: string[]): string => readFileSync(join(dir, ...path), "utf8");

describe("the page", () => {
  test("loads at most 35 kB before the first stroke, and 100 kB with the engine", () => {
    expect(built.bytes.page).toBeLessThanOrEqual(35_000);
    expect(built.bytes.withEngine).toBeLessThanOrEqual(100_000);
    // The engine alone has more than half of that.
    expect(built.bytes.withEngine - built.bytes.page).toBeGreaterThan(50_000);
  });

  test("names files of its own alone, relative to itself: it works under any path", () => {
    const paths = [...read("site", "index.html").matchAll(/\b(?:src|href)="([^"]+)"/g)].map(([, path]) => path);
    expect(paths.some((path) => /^assets\/main-\w+\.js$/.test(path))).toBe(true);
    for (const path of paths.filter((path) => !path.startsWith("data:") && !path.startsWith("engine/")))
      expect(existsSync(join(dir, "site", path)), path).toBe(true);
    for (const path of paths.filter((path) => path.startsWith("engine/"))) expect(ENGINE).toContain(path.slice(7));
  });

  test("imports the engine's bundles and its own, and nothing else", () => {
    const scripts = readdirSync(join(dir, "site", "assets")).filter((name) => name.endsWith(".js"));
    expect(scripts.length).toBeGreaterThan(0);
    for (const name of scripts)
      for (const [, path] of read("site", "assets", name).matchAll(/(?:\bfrom|\bimport)\s*\(?"([^"]+)"/g)) {
        const ofEngine = /^\.\.\/engine\/(.+)$/.exec(path)?.[1];
        if (ofEngine) expect(ENGINE).toContain(ofEngine);
        else expect(scripts, path).toContain(path.replace("./", ""));
      }
  });

  test("knows the labels of every net without its weights", () => {
    const { nets, segmenter } = JSON.parse(read("site", "nets.json")) as Site;
    expect(nets.map(({ id, width, height }) => [id, width, height])).toEqual([
      ["landscape", 128, 128],
      ["street", 128, 96],
    ]);
    expect(nets[0].labels[12]).toMatchObject({ id: 12, name: "sea" });
    for (const { presets, style, licence } of nets) {
      expect(presets).toContain(style);
      expect(licence.length).toBeGreaterThan(0);
    }
    expect(segmenter!.bytes).toBeGreaterThan(1e6);
  });

  test("a net that is missing is left out", async () => {
    const weights = join(dir, "few");
    mkdirSync(weights);
    for (const name of ["street_net_G.safetensors", "street_net_G.safetensors.json", "street.json"])
      cpSync(join(root, "weights", name), join(weights, name));
    await buildSite({ out: join(dir, "less"), weights });
    const { nets, segmenter } = JSON.parse(read("less", "nets.json")) as Site;
    expect([nets.map(({ id }) => id), segmenter]).toEqual([["street"], null]);
  });

  test("another build in its place removes what no longer belongs to it, and has the same version for the same files", async () => {
    const before = read("site", "sw.js");
    writeFileSync(join(dir, "site", "assets", "old-12345678.js"), "");
    await buildSite({ out: join(dir, "site") });
    expect(readdirSync(join(dir, "site", "assets"))).not.toContain("old-12345678.js");
    expect(read("site", "sw.js")).toBe(before);
  });
});

let server: ChildProcess | undefined;
afterEach(() => void server?.kill());

/** Starts the command and waits for the address. */
async function start(cli: string, cwd: string, ...args: string[]): Promise<string> {
  server = spawn(process.execPath, [cli, "paint", ...args], { cwd });
  let text = "";
  for await (const chunk of server.stdout!) if ((text += String(chunk)).includes("\n")) break;
  return text.split("\n")[0];
}

/** A path as it is, which fetch would resolve. */
function get(address: string, path: string, headers: Record<string, string> = {}) {
  return new Promise<{ status?: number; type?: string; body: Buffer }>((resolve, reject) => {
    const { hostname, port } = new URL(address);
    request({ hostname, port, path, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        resolve({
          status: response.statusCode,
          type: response.headers["content-type"]?.split(";")[0],
          body: Buffer.concat(chunks),
        }),
      );
    })
      .on("error", reject)
      .end();
  });
}

const clone = join(root, "dist", "cli.js");

describe("the command paint", () => {
  test("in any folder prints an address, and serves the page, the engine and the nets there", async () => {
    const address = await start(clone, dir);
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:80\d\d\/$/);
    const page = await get(address, "/");
    expect([page.status, page.type]).toEqual([200, "text/html"]);
    expect(page.body.equals(readFileSync(join(root, "dist", "site", "index.html")))).toBe(true);
    const [, script] = /src="(assets\/main-\w+\.js)"/.exec(String(page.body))!;
    for (const [path, type] of [
      [`/${script}`, "text/javascript"],
      ["/sw.js", "text/javascript"],
      ["/nets.json", "application/json"],
      ...ENGINE.map((name) => [`/engine/${name}`, "text/javascript"]),
    ])
      expect(await get(address, path)).toMatchObject({ status: 200, type });
    const range = { range: "bytes=100-199" };
    const part = await get(address, "/weights/street_net_E.safetensors", range);
    expect([part.status, part.type]).toEqual([206, "application/octet-stream"]);
    const whole = readFileSync(join(root, "weights", "street_net_E.safetensors"));
    expect(part.body.equals(whole.subarray(100, 200))).toBe(true);
  });

  test("serves nothing else, and goes on", async () => {
    const address = await start(clone, dir);
    for (const path of [
      "/package.json",
      "/../package.json",
      "/%2e%2e/package.json",
      "/weights/../package.json",
      "/weights/%2e%2e%2fpackage.json",
      "/engine/..%5cpackage.json",
      "/%zz",
    ])
      expect((await get(address, path)).status, path).toBe(404);
    expect((await get(address, "/")).status).toBe(200);
  });

  test("takes the next port where one is in use, and refuses a given one that is", async () => {
    const address = await start(clone, dir);
    const first = server!;
    try {
      const other = await start(clone, dir);
      expect(Number(new URL(other).port)).toBeGreaterThan(Number(new URL(address).port));
      const { port } = new URL(address);
      const { status, stderr } = spawnSync(process.execPath, [clone, "paint", "--port", port], { encoding: "utf8" });
      expect([status, stderr]).toEqual([1, `error: --port ${port}: is in use; give another one\n`]);
    } finally {
      first.kill();
    }
  });

  test.skipIf(process.platform === "win32")(
    "ends at Ctrl-C at once, without an error, while a page is connected",
    async () => {
      const address = await start(clone, dir);
      await get(address, "/", { connection: "keep-alive" });
      const ended = new Promise((resolve) => server!.on("exit", (code, signal) => resolve([code, signal])));
      const asked = performance.now();
      server!.kill("SIGINT");
      expect(await ended).toEqual([0, null]);
      expect(performance.now() - asked).toBeLessThan(2000);
    },
  );
});

describe("installed", () => {
  let cli: string;
  beforeAll(() => {
    const home = join(dir, "project", "node_modules", "spade-webgpu");
    cpSync(join(root, "dist"), join(home, "dist"), {
      recursive: true,
      filter: (path) => !/\.map$|\.part$|dist[\\/](bench|types)$|site[\\/](engine|weights)$/.test(path),
    });
    cpSync(join(root, "package.json"), join(home, "package.json"));
    writeFileSync(join(dir, "project", "package.json"), "{}");
    cli = join(home, "dist", "cli.js");
  });

  test("says in one line what to install where there are no nets", () => {
    const done = spawnSync(process.execPath, [cli, "paint"], { cwd: join(dir, "project"), encoding: "utf8" });
    expect([done.status, done.stdout]).toEqual([1, ""]);
    expect(done.stderr).toMatch(
      /^error: landscape_net_G.safetensors: .+; run: npm install spade-webgpu-weights@\S+\n$/,
    );
  });

  test("serves the nets of the weights' package, and lists those alone", async () => {
    const weights = join(dir, "project", "node_modules", "spade-webgpu-weights");
    mkdirSync(weights);
    writeFileSync(
      join(weights, "package.json"),
      '{ "name": "spade-webgpu-weights", "version": "0.1.0", "exports": { "./*": "./*" } }',
    );
    writeFileSync(join(weights, "landscape_net_G.safetensors"), "stand-in");
    const address = await start(cli, join(dir, "project"));
    expect(String((await get(address, "/weights/landscape_net_G.safetensors")).body)).toBe("stand-in");
    expect((await get(address, "/engine/index.js")).status).toBe(200);
    const { nets, segmenter } = JSON.parse(String((await get(address, "/nets.json")).body)) as Site;
    expect([nets.map(({ id }) => id), segmenter]).toEqual([["landscape"], null]);
  });
});
