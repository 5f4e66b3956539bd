// npm run demo: paints a map that was drawn in several styles, with the small nets that were trained for it.

import { existsSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { loadSharp } from "../../../formats/images/sharp.ts";
import { packagedFile, publishedWeights } from "../../../formats/packaged.ts";
import { normalValues } from "../../../models/philox.ts";
import type { Preset } from "../../../models/presets.ts";
import { labelColors, labelRgb, tensorRgbs, tiled, type Rgb } from "../../../training/records/pictures.ts";
import { readLabelMap } from "../../inputs/maps.ts";
import { foreign, SpadeError } from "../../../runtime/errors.ts";
import { openNetFile } from "../../inputs/net.ts";
import { pictureOutput, writePicture } from "../../reports/picture.ts";
import { command } from "../../terminal/command.ts";
import { Outputs, quoted } from "../../terminal/output.ts";
import type { Progress } from "../../terminal/progress.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
/** Pictures go to demo/ in a clone, else to the current folder: nobody looks for a picture in node_modules. */
const home = existsSync(join(root, "scripts")) ? join(root, "demo") : ".";
/** Styles in styles.png, in rows of three beside the map, and the factor by which pictures are enlarged. */
const STYLES = 6;
const COLUMNS = 3;
const ENLARGED = 2;

interface Drawn {
  net: string;
  /** What the net learned from. */
  learned: string;
  /** The labels are those that `label` gives photos by default. */
  fromPhotos: boolean;
}

const LANDSCAPES: Drawn = {
  net: "landscape",
  learned: "1,220 photographs of coasts, forests, mountains and open country",
  fromPhotos: true,
};
/** The maps that were drawn, with their nets; the first is the default. */
export const DRAWN: Readonly<Record<string, Drawn>> = {
  lake: LANDSCAPES,
  coast: LANDSCAPES,
  meadow: LANDSCAPES,
  street: { net: "street", learned: "367 photographs of streets (CamVid)", fromPhotos: false },
};

export interface DemoOptions {
  /** One of DRAWN, or the name of a COCO-Stuff map in demo/maps. */
  map: string;
  out?: string;
  /** Seed of the styles; for a COCO-Stuff map, of the weights. */
  seed: number;
  /** A generator of the map's labels; left out: that of DRAWN. */
  weights?: string;
  /** demo_regions.ts in place of this. */
  regions?: boolean;
  force?: boolean;
}

export const demoMaps = (): string => relative(".", packagedFile(join("demo", "maps")));
/** --out as given, else the default folder relative to the current one. */
export const demoFolder = ({ out }: Pick<DemoOptions, "out">): string => out ?? relative(".", home);

export async function drawnDemo(o: DemoOptions, progress: Progress): Promise<string[]> {
  const { net: name, learned, fromPhotos } = DRAWN[o.map];
  const folder = demoFolder(o);
  const weights = o.weights ?? relative(".", publishedWeights(`${name}_net_G.safetensors`, ", or give --weights FILE"));
  const label = join(demoMaps(), `${o.map}_label.png`);
  const outputs = new Outputs(o.force);
  const start = performance.now();
  let map!: Awaited<ReturnType<typeof readLabelMap>>;
  let styles: readonly Preset[] = [];
  const net = await openNetFile(weights, {}, progress, async ({ config, labels, presets }) => {
    if (!config.use_vae)
      throw new SpadeError(
        "unsupported",
        weights,
        "is a generator without styles",
        "give one that was trained with --use_vae",
      );
    map = await readLabelMap(label, config, labels);
    styles = stylesOf(presets, config.z_dim, o.seed);
    await outputs.check(["label.png", "picture.png", "styles.png"].map((file) => pictureOutput(join(folder, file))));
  });
  try {
    const drawn = labelRgb(map, labelColors(net.labels, net.config.label_nc));
    await writePicture(outputs, join(folder, "label.png"), drawn);
    await net.setMap(map, undefined);
    const ready = performance.now();
    const { h, w } = net.painter.size;
    const pictures: Rgb[] = [];
    for (const [i, { style }] of styles.entries()) {
      progress.update("painting", i, styles.length);
      pictures.push(...tensorRgbs(await net.painter.paint(style), h, w));
    }
    progress.end();
    const painted = performance.now();
    await writePicture(outputs, join(folder, "picture.png"), pictures[0]);
    await writePicture(outputs, join(folder, "styles.png"), await sheet(drawn, pictures));
    const known = (net.labels ?? []).map((l) => `${l.id} ${foreign(l.name, 40)}`).join(", ");
    const terms = `; its sources and terms: ${join(dirname(weights), `${name}.json`)}`;
    return [
      `${join(folder, "label.png")}    the label map, one colour a label: drawn, not made of a photograph`,
      `${join(folder, "picture.png")}  the picture, ${w}x${h}`,
      `${join(folder, "styles.png")}   the map beside ${styles.length} styles (${styles.map((s) => foreign(s.name, 40)).join(", ")}), ${ENLARGED} times larger`,
      `adapter ${net.device.name}, ${net.dtype}; ${((painted - ready) / styles.length / 1e3).toFixed(2)} s a picture, ${((ready - start) / 1e3).toFixed(1)} s to get ready`,
      "",
      ...(o.weights === undefined ? [`The net is a small one that this engine trained on ${learned}${terms}.`] : []),
      ...(known ? [`Paint your own map (gray PNG with these ids, or in the label map's colours): ${known}`] : []),
      `  ${command()} generate --weights ${weights} --label ${label} --style ${foreign(quoted(styles[0].name), 80)} --out photo.png`,
      ...(fromPhotos
        ? [
            "Or begin with photographs of your own: their maps, and pictures painted from these:",
            `  ${command()} label --image_dir PHOTOS --out maps`,
            `  ${command()} generate --weights ${weights} --label maps --out pictures`,
          ]
        : []),
      ...(o.map === Object.keys(DRAWN)[0] ? [`More maps: --map ${Object.keys(DRAWN).slice(1).join(", ")}`] : []),
    ];
  } finally {
    net.dispose();
  }
}

/** The styles stored with the weights, then styles drawn from seeds, STYLES in all. */
function stylesOf(presets: readonly Preset[], z_dim: number, seed: number): Preset[] {
  const stored = presets.slice(0, STYLES);
  const drawn = Array.from({ length: STYLES - stored.length }, (_, i) => ({
    name: `seed:${seed + i}`,
    style: normalValues(seed + i, z_dim),
  }));
  return [...stored, ...drawn];
}

/** The map on the left, as tall as the rows of pictures on its right. */
async function sheet(map: Rgb, pictures: readonly Rgb[]): Promise<Rgb> {
  const sharp = await loadSharp();
  const resized = ({ data, width, height }: Rgb, w: number, h: number, kernel: "nearest" | "cubic") =>
    sharp(data, { raw: { width, height, channels: 3 } }).resize(w, h, { kernel, fit: "fill" });
  const painted = tiled(pictures, COLUMNS);
  const [width, height] = [ENLARGED * painted.width, ENLARGED * painted.height];
  const left = Math.round((height * pictures[0].width) / pictures[0].height);
  const right = await resized(painted, width, height, "cubic").png().toBuffer();
  const { data, info } = await resized(map, left, height, "nearest")
    .extend({ right: width })
    .composite([{ input: right, left, top: 0 }])
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}
