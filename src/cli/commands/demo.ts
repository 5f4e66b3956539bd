// npm run demo: paints a street in several styles, with the small net that was trained for it.

import { existsSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { loadSharp } from "../../formats/images/sharp.ts";
import { openCheckpointFile } from "../../formats/file.ts";
import { packagedFile, publishedWeights } from "../../formats/packaged.ts";
import { normalValues } from "../../models/philox.ts";
import { decodePresets, type Preset } from "../../models/presets.ts";
import { labelColors, labelRgb, tensorRgbs, tiled, type Rgb } from "../../training/records/pictures.ts";
import { readLabelMap } from "../inputs/maps.ts";
import { SpadeError } from "../../runtime/errors.ts";
import { openNetFile } from "../inputs/net.ts";
import { pictureOutput, writePicture } from "../reports/picture.ts";
import { command } from "../terminal/command.ts";
import { Outputs } from "../terminal/output.ts";
import type { Progress } from "../terminal/progress.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
/** Pictures go to demo/ in a clone, else to the current folder: nobody looks for a picture in node_modules. */
const home = existsSync(join(root, "scripts")) ? join(root, "demo") : ".";
/** Pictures in styles.png, its columns, and the factor by which it is enlarged. */
const STYLES = 6;
const COLUMNS = 3;
const ENLARGED = 3;

export interface DemoOptions {
  /** street, or the name of a COCO-Stuff map in demo/maps. */
  map: string;
  out?: string;
  /** Seed of the styles; for a COCO-Stuff map, of the weights. */
  seed: number;
  /** A generator of the street's labels; left out: the street net. */
  weights?: string;
  force?: boolean;
}

export const demoMaps = (): string => relative(".", packagedFile(join("demo", "maps")));
/** --out as given, else the default folder relative to the current one. */
export const demoFolder = ({ out }: Pick<DemoOptions, "out">): string => out ?? relative(".", home);

export async function streetDemo(o: DemoOptions, progress: Progress): Promise<string[]> {
  const folder = demoFolder(o);
  const shipped = o.weights === undefined;
  const weights = o.weights ?? relative(".", publishedWeights("street_net_G.safetensors", ", or give --weights FILE"));
  const label = join(demoMaps(), "street_label.png");
  const outputs = new Outputs(o.force);
  const start = performance.now();
  let map!: Awaited<ReturnType<typeof readLabelMap>>;
  const net = await openNetFile(weights, {}, progress, async ({ config, labels }) => {
    if (!config.use_vae)
      throw new SpadeError(
        "unsupported",
        weights,
        "is a generator without styles",
        "give one that was trained with --use_vae",
      );
    map = await readLabelMap(label, config, labels);
    await outputs.check(["label.png", "picture.png", "styles.png"].map((name) => pictureOutput(join(folder, name))));
  });
  try {
    await writePicture(outputs, join(folder, "label.png"), labelRgb(map, labelColors(net.labels, net.config.label_nc)));
    await net.setMap(map, undefined);
    const ready = performance.now();
    const { h, w } = net.painter.size;
    const pictures: Rgb[] = [];
    const styles = await stylesOf(weights, net.config.z_dim, o.seed);
    for (const [i, { style }] of styles.entries()) {
      progress.update("painting", i, styles.length);
      pictures.push(...tensorRgbs(await net.painter.paint(style), h, w));
    }
    progress.end();
    const painted = performance.now();
    await writePicture(outputs, join(folder, "picture.png"), pictures[0]);
    await writePicture(outputs, join(folder, "styles.png"), await enlarged(tiled(pictures, COLUMNS)));
    return [
      `${join(folder, "label.png")}    the label map, one colour a label: a street that was drawn, not photographed`,
      `${join(folder, "picture.png")}  the picture, ${w}x${h}`,
      `${join(folder, "styles.png")}   the same map in ${styles.length} styles (${styles.map((s) => s.name).join(", ")}), ${ENLARGED} times larger`,
      `adapter ${net.device.name}, ${net.dtype}; ${((painted - ready) / styles.length / 1e3).toFixed(2)} s a picture, ${((ready - start) / 1e3).toFixed(1)} s to get ready`,
      "",
      ...(shipped
        ? [
            `The net is a small one, trained on 367 photographs of CamVid by this engine (${join(dirname(weights), "street.json")}).`,
          ]
        : []),
      "Paint your own map with it (gray PNG, ids 0 sky, 1 building, 2 pole, 3 road, 4 pavement, 5 tree, 6 sign, 7 fence, 8 car,",
      "9 pedestrian, 10 bicyclist; or in the label map's colours):",
      `  ${command()} generate --weights ${weights} --label ${label} --style seed:7 --out photo.png`,
    ];
  } finally {
    net.dispose();
  }
}

/** The styles stored with the weights (the mean first), then styles drawn from seeds, STYLES in all. */
async function stylesOf(weights: string, z_dim: number, seed: number): Promise<Preset[]> {
  const checkpoint = await openCheckpointFile(weights);
  const stored = decodePresets(checkpoint.metadata.styles, z_dim).slice(0, STYLES - 2);
  await checkpoint.close();
  const drawn = Array.from({ length: STYLES - stored.length }, (_, i) => ({
    name: `seed:${seed + i}`,
    style: normalValues(seed + i, z_dim),
  }));
  return [...stored, ...drawn];
}

/** The same picture, larger. */
async function enlarged({ data, width, height }: Rgb): Promise<Rgb> {
  const sharp = await loadSharp();
  const { data: large, info } = await sharp(data, { raw: { width, height, channels: 3 } })
    .resize(width * ENLARGED, height * ENLARGED, { kernel: "cubic" })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data: large, width: info.width, height: info.height };
}
