// npm run examples: a server of its own on a free port.

import { spawn, type ChildProcess } from "node:child_process";
import { readdirSync } from "node:fs";
import { request } from "node:http";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const FOLDER = new URL("../../examples/", import.meta.url);
const names = readdirSync(FOLDER, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? entry.name : []));

let server: ChildProcess;
let addresses: string[];
beforeAll(async () => {
  server = spawn(process.execPath, [fileURLToPath(new URL("../../scripts/examples.mjs", import.meta.url))]);
  let text = "";
  for await (const chunk of server.stdout!)
    if ((text += String(chunk)).trim().split("\n").length >= names.length) break;
  addresses = text.trim().split("\n");
});
afterAll(() => server.kill());

/** A path as it is, which fetch would resolve. */
function get(
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status?: number; length: number; location?: string }> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(addresses[0]);
    request({ hostname, port, path, headers }, (response) => {
      let length = 0;
      response.on("data", (chunk: Buffer) => (length += chunk.length));
      response.on("end", () => resolve({ status: response.statusCode, length, location: response.headers.location }));
    })
      .on("error", reject)
      .end();
  });
}

test("prints the address of each example, and serves it", async () => {
  expect(addresses.map((a) => new URL(a).pathname)).toEqual(names.map((name) => `/examples/${name}/`));
  for (const address of addresses) expect(await (await fetch(address)).text()).toContain("<!doctype html>");
});

test("the start page leads to each", async () => {
  const page = await (await fetch(new URL("/examples/", addresses[0]))).text();
  for (const name of names) expect(page).toContain(`<a href="${name}/">`);
});

test("answers requests for ranges", async () => {
  const answer = await get("/weights/street_net_G.safetensors", { range: "bytes=100-199" });
  expect(answer).toMatchObject({ status: 206, length: 100 });
});

test("adds the slash that relative addresses need", async () => {
  expect(await get("/examples/four-lines")).toMatchObject({ status: 302, location: "/examples/four-lines/" });
});

test.each([
  "/package.json",
  "/examples/../package.json",
  "/examples/%2e%2e/package.json",
  "/examples/%2e%2e%2fpackage.json",
  "/%zz",
])("serves nothing else: %s", async (path) => expect((await get(path)).status).not.toBe(200));

test("goes on after what it could not answer", async () => {
  expect((await get("/examples/")).status).toBe(200);
});
