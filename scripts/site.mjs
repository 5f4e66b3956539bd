// npm run site: the painting studio as a folder for any static server, dist/site, with the engine and the nets. scripts/build/site.mjs says
// what is in it.

import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSite, ENGINE } from "./build/site.mjs";

process.chdir(join(dirname(fileURLToPath(import.meta.url)), ".."));
const out = join("dist", "site");

/** The nets of this clone, else of the npm package. */
function weightsFolder() {
  if (existsSync("weights")) return "weights";
  try {
    return dirname(createRequire(import.meta.url).resolve("spade-webgpu-weights/package.json"));
  } catch {
    return "weights";
  }
}

const weights = weightsFolder();
const { bytes } = await buildSite({ out, weights });
const copy = (from, to) => {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { preserveTimestamps: true });
};
for (const name of ENGINE) copy(join("dist", name), join(out, "engine", name));
copy("THIRD_PARTY_NOTICES.md", join(out, "notices.txt"));

const { nets, segmenter } = JSON.parse(readFileSync(join(out, "nets.json"), "utf8"));
const wanted = [...nets.flatMap((net) => [net.weights, net.encoder]), ...(segmenter ? [segmenter.weights] : [])]
  .map((path) => path.replace("weights/", ""))
  .flatMap((name) => [name, `${name}.json`])
  .concat("LICENSE.md")
  .filter((name) => existsSync(join(weights, name)));
mkdirSync(join(out, "weights"), { recursive: true });
for (const name of readdirSync(join(out, "weights"))) if (!wanted.includes(name)) rmSync(join(out, "weights", name));
for (const name of wanted) copy(join(weights, name), join(out, "weights", name));

const total = wanted.reduce((sum, name) => sum + statSync(join(weights, name)).size, 0);
const kb = (n) => `${(n / 1000).toFixed(1)} kB`;
console.log(`${out}: ${nets.map(({ id }) => id).join(", ") || "no net"}; ${Math.round(total / 1e6)} MB of weights`);
console.log(`before the first stroke, in gzip bytes: page ${kb(bytes.page)}, with the engine ${kb(bytes.withEngine)}`);
