// Draws the maps that the studio offers as a start, and paints their posters with our own nets: src/studio/starts/first.ts, more.ts and
// posters/. `node scripts/starts.mjs` writes them again; it needs dist/ and an adapter. --maps leaves the posters alone.

import { deflateRawSync } from "node:zlib";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import prettier from "prettier";
import sharp from "sharp";
import * as landscapes from "./starts/landscapes.mjs";
import * as streets from "./starts/streets.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const { decodeLabelMap, resizeLabelMap } = await import(join(root, "dist", "labels.js"));
const { createSpade } = await import(join(root, "dist", "node.js"));
const { nets } = JSON.parse(readFileSync(join(root, "dist", "site", "nets.json"), "utf8"));
const FOLDER = join(root, "src", "studio", "starts");
/** Quality of a poster, of 100. */
const QUALITY = 84;

const demo = (name) => () => decodeLabelMap(new Blob([readFileSync(join(root, "demo", "maps", `${name}_label.png`))]));
/** By net, in the order in which they are offered. */
const STARTS = {
  landscape: {
    lake: demo("lake"),
    island: landscapes.island,
    valley: landscapes.valley,
    peaks: landscapes.peaks,
    meadow: demo("meadow"),
    coast: demo("coast"),
    village: landscapes.village,
    desert: landscapes.desert,
  },
  street: { avenue: streets.avenue, street: demo("street"), junction: streets.junction, park: streets.park },
};

const maps = { first: {}, more: {} };
mkdirSync(join(FOLDER, "posters"), { recursive: true });
for (const { id, weights, width, height, style } of nets) {
  const spade = process.argv.includes("--maps") ? undefined : await createSpade({ weights: join(root, weights) });
  for (const [i, [name, draw]] of Object.entries(STARTS[id]).entries()) {
    const { ids, data = ids, ...size } = await draw();
    const map = resizeLabelMap({ data, ...size }, width, height);
    maps[id === nets[0].id && i === 0 ? "first" : "more"][name] = deflateRawSync(map.data, { level: 9 }).toString(
      "base64",
    );
    if (!spade) continue;
    const preset = spade.info.style.presets.find((p) => p.name === style).style;
    const picture = await spade.generate(map, { style: preset });
    await sharp(picture.data, { raw: { width, height, channels: 4 } })
      .removeAlpha()
      .webp({ quality: QUALITY, effort: 6, smartSubsample: true })
      .toFile(join(FOLDER, "posters", `${name}.webp`));
  }
  spade?.dispose();
}

for (const [file, texts] of Object.entries(maps)) {
  const which = file === "first" ? "The start map of the first visit" : "The start maps beside that of first.ts";
  const path = join(FOLDER, `${file}.ts`);
  const text = `// ${which}, ids in raw deflate and base64. Written by scripts/starts.mjs.\n\nexport const maps = ${JSON.stringify(texts)} as const;\n`;
  writeFileSync(path, await prettier.format(text, { ...(await prettier.resolveConfig(path)), filepath: path }));
}
process.exit(0);
