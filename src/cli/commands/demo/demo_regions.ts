// demo --regions: a map that was drawn, with its sky from one style and its mountains from another, by a net of SEAN.

import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { noteInput } from "../../../formats/inputs.ts";
import { packagedFile } from "../../../formats/packaged.ts";
import { kindOf } from "../../../models/kinds.ts";
import { mixRegionStyles } from "../../../models/sean/region_styles.ts";
import { landscapeLabels } from "../../../pictures/landscape_labels.ts";
import { counted, foreign, SpadeError } from "../../../runtime/errors.ts";
import { labelColors, labelRgb, tensorRgbs, tiled, type Rgb } from "../../../training/records/pictures.ts";
import { codesOfMap, encodePhoto } from "../../inputs/region_styles.ts";
import { readLabelMap } from "../../inputs/maps.ts";
import { openNetFile, type NetInFile } from "../../inputs/net.ts";
import { pictureOutput, writePicture } from "../../reports/picture.ts";
import { command } from "../../terminal/command.ts";
import { Outputs } from "../../terminal/output.ts";
import type { Progress } from "../../terminal/progress.ts";
import { demoFolder, demoMaps, DRAWN, type DemoOptions } from "./demo.ts";
import { drawnPhoto, EVENING, NOON } from "./drawn_photo.ts";

const NET = "landscape_sean_G.safetensors";
/** What a newcomer types to get such a net. The widths are those of a small one. */
const TRAIN =
  "train --netG sean --name landscape_sean --label_dir LABELS --image_dir PHOTOS --label_nc 16 --no_instance --ngf 16 --style_length 128";

/** --weights, else the net in weights/. @throws SpadeError file: there is none */
function findNet({ weights }: DemoOptions): string {
  if (weights !== undefined) return weights;
  const path = relative(".", join(packagedFile("package.json"), "..", "weights", NET));
  if (existsSync(path)) return path;
  throw new SpadeError(
    "file",
    path,
    "is not here: this demo needs a landscape net of SEAN, and none is published yet",
    `train one (${command()} ${TRAIN}) and give it: --weights checkpoints/landscape_sean/latest_net_G.safetensors`,
  );
}

/** What of the map takes its style from NOON; all else is EVENING's. */
const MOUNTAINS = ["mountain", "snow", "hill"];

/** @throws SpadeError unsupported: the net has no regions, or other labels */
function check({ config }: NetInFile, weights: string, labels: number): void {
  if (!kindOf(config).regions)
    throw new SpadeError(
      "unsupported",
      weights,
      "is a generator without styles of regions",
      "give one that was trained with --netG sean, or leave --regions out",
    );
  if (config.label_nc >= labels) return;
  const problem = `has ${counted(config.label_nc, "label")} where the map has ids up to ${labels - 1}`;
  throw new SpadeError("unsupported", weights, problem, `give a net of the ${labels} landscape labels (label --help)`);
}

export async function regionsDemo(o: DemoOptions, progress: Progress): Promise<string[]> {
  if (!DRAWN[o.map]?.fromPhotos) {
    const fix = `give ${Object.keys(DRAWN)
      .filter((name) => DRAWN[name].fromPhotos)
      .join(", ")}`;
    throw new SpadeError("usage", `--map ${foreign(o.map, 60)}`, "is no landscape, which --regions paints", fix);
  }
  const weights = findNet(o);
  const folder = demoFolder(o);
  const [picturePath, sheetPath] = ["picture.png", "regions.png"].map((name) => join(folder, name));
  const outputs = new Outputs(o.force);
  const names = landscapeLabels();
  let map!: Awaited<ReturnType<typeof readLabelMap>>;
  noteInput(weights, "the weights");
  const net = await openNetFile(weights, {}, progress, async (described) => {
    check(described, weights, names.length);
    map = await readLabelMap(join(demoMaps(), `${o.map}_label.png`), described.config, described.labels);
    await outputs.check([picturePath, sheetPath].map(pictureOutput));
  });
  try {
    const { h, w } = net.painter.size;
    const photos = [EVENING, NOON].map((look, i) => drawnPhoto(map, look, o.seed + i));
    const [evening, noon] = [await encodePhoto(net, photos[0].data, map), await encodePhoto(net, photos[1].data, map)];
    const mountains = Object.fromEntries(names.filter(({ name }) => MOUNTAINS.includes(name)).map(({ id }) => [id, 1]));
    await net.setMap(map, undefined);
    const pictures: Rgb[] = [];
    for (const style of [mixRegionStyles(evening, noon, mountains), evening, noon])
      pictures.push(...tensorRgbs(await net.painter.paint(codesOfMap(net, style, {}, map)), h, w));
    progress.end();
    const drawn = labelRgb(map, labelColors(net.labels ?? names, net.config.label_nc));
    await writePicture(outputs, picturePath, pictures[0]);
    await writePicture(outputs, sheetPath, tiled([drawn, ...photos, ...pictures], 3));
    return [
      `${picturePath}  the picture, ${w}x${h}: the mountains from one drawn style (noon), sky and all else from another (evening)`,
      `${sheetPath}  above the map and the two drawn styles, below the picture and the map in each style alone`,
      `adapter ${net.device.name}, ${net.dtype}`,
      "",
      "Styles of your own come from photographs and their maps:",
      `  ${command()} generate --weights ${weights} --label MAP.png --style PHOTO --style_map ITS_MAP.png --style_of mountain=OTHER,ITS_MAP.png --out photo.png`,
    ];
  } finally {
    net.dispose();
  }
}
