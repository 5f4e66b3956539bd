// npm run examples: serves examples/ and what they load (dist/, weights/, demo/) on localhost, and prints the addresses. A browser gives WebGPU
// to pages of localhost and of https only.

import { once } from "node:events";
import { createServer } from "node:http";
import { readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import sirv from "sirv";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const FOLDERS = ["examples", "dist", "weights", "demo"];
const PORT = 8080;
const LAST_PORT = PORT + 99;

// `dev` reads the disk at each request: edit an example and reload.
const setHeaders = (response, path) => {
  if (path.endsWith(".safetensors")) response.setHeader("content-type", "application/octet-stream");
};
const files = new Map(FOLDERS.map((name) => [name, sirv(join(root, name), { dev: true, etag: true, setHeaders })]));

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, "http://localhost");
  const [, folder, rest] = /^\/([^/]*)(.*)$/.exec(pathname);
  const serve = files.get(folder);
  const missing = () => response.writeHead(404, { "content-type": "text/plain" }).end("not found");
  const moveTo = (location) => response.writeHead(302, { location }).end();
  if (folder === "") return moveTo("/examples/");
  if (!serve) return missing();
  // The addresses in a page are relative to its folder.
  if (!pathname.endsWith("/") && !basename(pathname).includes(".")) return moveTo(`${pathname}/`);
  request.url = rest;
  serve(request, response, missing);
});

// The first free port.
for (let port = PORT; !server.listening; port++) {
  try {
    server.listen(port, "localhost");
    await once(server, "listening");
  } catch (error) {
    if (error.code !== "EADDRINUSE" || port === LAST_PORT) throw error;
  }
}
const { port } = server.address();
const names = readdirSync(join(root, "examples"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
for (const { name } of names) console.log(`http://localhost:${port}/examples/${name}/`);
