// test: does what the published test script does. Paints the label maps of a data set with a saved net and writes the pictures and a
// page to results_dir/name/phase_epoch/.

import { existsSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { Dataset } from "../../datasets/dataset.ts";
import { comparable } from "../../datasets/folder.ts";
import { SpadeError, counted, foreign } from "../../runtime/errors.ts";
import type { OpenNet } from "../../painting/open_net.ts";
import { toPicture } from "../../painting/present/picture.ts";
import { encodeRegionStyles } from "../../models/sean/region_styles.ts";
import { labelColors, labelRgb } from "../../training/records/pictures.ts";
import { openNetFile, type NetInFile } from "../inputs/net.ts";
import { gather, together, type Peers } from "../../training/peers/peers.ts";
import { Outputs, type Output } from "../terminal/output.ts";
import { pictureOutput, writePicture } from "../reports/picture.ts";
import type { Progress } from "../terminal/progress.ts";
import { testData, type TestOptions } from "../options/test_options.ts";
import { testPage, type Row } from "../reports/test_page.ts";
import { styleSource, type Styles, type StyleSource } from "../inputs/photo_styles.ts";

/** The generator's file. @throws SpadeError file: no generator found */
function findWeights(o: TestOptions): string {
  if (o.weights !== undefined) return o.weights;
  const base = join(o.checkpoints_dir, o.name, `${o.which_epoch}_net_G`);
  const path = [`${base}.safetensors`, `${base}.pth`].find(existsSync);
  if (path !== undefined) return path;
  throw new SpadeError(
    "file",
    `${base}.safetensors`,
    "does not exist, nor a .pth of that name",
    "check --name, --checkpoints_dir and --which_epoch, or give --weights FILE",
  );
}

/** The published name of a sample's pictures: the photo's name; if photos are not read, the name that the photo would have. */
function stemOf({ label, image }: { label: string; image: string }): string {
  const path = image || label;
  return basename(path, extname(path)).replace(/_gtFine_labelIds$/, "_leftImg8bit");
}

/** A map's pictures: the map in colours, and those that are painted; paths below the folder of results, as in the page. */
function picturesOf(stem: string, samples: number): { map: Row["pictures"][0]; painted: Row["pictures"] } {
  const of = (caption: string, name: string): Row["pictures"][0] => ({
    path: `images/${caption}/${name}.png`,
    caption,
  });
  const names = Array.from({ length: samples }, (_, n) => (samples > 1 ? `${stem}_${n + 1}` : stem));
  return { map: of("input_label", stem), painted: names.map((name) => of("synthesized_image", name)) };
}

/** The file of a photo's style codes (nets with regions). */
const codesFile = (folder: string, stem: string): Output => ({
  path: join(folder, "styles", `${stem}.json`),
  kind: "json",
});

/** Refuses two samples of the same name, whose pictures would have the same file. */
function refuseTwins(dataset: Dataset, count: number): void {
  const known = new Map<string, string>();
  for (let i = 0; i < count; i++) {
    const { label, image } = dataset.paths(i);
    const stem = comparable(stemOf({ label, image }));
    const before = known.get(stem);
    if (before !== undefined)
      throw new SpadeError(
        "file",
        image || label,
        `has the name of ${before}, and results are named after it`,
        "rename one of them",
      );
    known.set(stem, image || label);
  }
}

/**
 * Paints the data set; calls `started` with each file before painting it. After an abort the finished pictures and their page stay.
 * @param peers other ranks: of n ranks each paints every n-th map, and rank 0 writes the page of all
 * @returns the line to print, and whether all is painted
 */
export async function testNet(
  o: TestOptions,
  progress: Progress,
  signal: AbortSignal,
  started: (path: string) => void,
  peers?: Peers,
): Promise<{ line: string; whole: boolean }> {
  const { rank = 0, ranks = 1 } = peers ?? {};
  const weights = findWeights(o);
  const phase = o.data.phase ?? "test";
  const folder = join(o.results_dir, o.name, `${phase}_${o.which_epoch}`);
  const index = join(folder, "index.html");
  const page = { path: index, kind: "html" } as const;
  const outputs = new Outputs(o.force);
  let source!: StyleSource;
  let count = 0;
  const first = async (described: NetInFile): Promise<void> => {
    const { config, labels } = described;
    const data = testData(o.data, config);
    const open = (photos: boolean): Promise<Dataset> => Dataset.open(data, { photos, colors: labels });
    source = await styleSource(o, weights, described, data, open, (line) => progress.say(line));
    count = Math.min(source.dataset.length, o.how_many);
    refuseTwins(source.dataset, count);
    const results = Array.from({ length: count }, (_, i) => picturesOf(stemOf(source.dataset.paths(i)), o.n_samples));
    if (source.writesCodes) {
      const stems = Array.from({ length: count }, (_, i) => stemOf(source.dataset.paths(i)));
      await outputs.check([...stems, "mean"].map((stem) => codesFile(folder, stem)));
    }
    const paths = results.flatMap(({ map, painted }) => [map, ...painted].map((picture) => join(folder, picture.path)));
    await outputs.check([page, ...paths.map(pictureOutput)]);
  };
  const net = await together(peers, () => openNetFile(weights, o, progress, first));
  let rows: Row[] = [];
  let styles: Styles | undefined;
  try {
    styles = await source.start(net);
    for (let i = rank; i < count && !signal.aborted; i += ranks) {
      const { label, image } = source.dataset.paths(i);
      progress.batch("painting", i, count);
      progress.above(() => started(foreign(image || label, 600)));
      rows.push(await paint(net, source.dataset, styles, i, o.n_samples, folder, outputs));
    }
    if (peers) rows = merged(gather(peers, rows));
    if (styles.mean && rows.length) {
      const mean = encodeRegionStyles(styles.mean(peers));
      if (!rank) await outputs.write(codesFile(folder, "mean"), mean);
    }
  } finally {
    progress.end();
    styles?.dispose();
    net.dispose();
    const title = `Experiment = ${o.name}, Phase = ${phase}, Epoch = ${o.which_epoch}`;
    if (rows.length && !rank) await outputs.write(page, testPage(title, rows, o.display_winsize, new Date()));
  }
  const whole = rows.length === count;
  return { line: `painted ${whole ? "" : `${rows.length} of `}${counted(count, "label map")}: ${index}`, whole };
}

/** The rows of all ranks in the order of maps: of n ranks each has every n-th. */
const merged = (all: readonly (readonly Row[])[]): Row[] =>
  Array.from({ length: Math.max(...all.map((rows) => rows.length)) }, (_, i) =>
    all.flatMap((rows) => rows[i] ?? []),
  ).flat();

/** Writes one label map in colours and its pictures; gives its row of the page. */
async function paint(
  net: OpenNet,
  dataset: Dataset,
  styles: Styles,
  index: number,
  samples: number,
  folder: string,
  outputs: Outputs,
): Promise<Row> {
  const { config, painter } = net;
  const stem = stemOf(dataset.paths(index));
  const sample = styles.photos ? await dataset.sample(index, 0) : await dataset.maps(index, 0);
  const { map, painted } = picturesOf(stem, samples);
  const colorOf = labelColors(dataset.colors, config.label_nc);
  await writePicture(outputs, join(folder, map.path), labelRgb(sample.label, colorOf));
  await net.setMap(sample.label, sample.instance);
  const { h, w } = painter.size;
  for (const [n, { path }] of painted.entries()) {
    const image = await painter.paint(await styles.z(index, n, sample));
    await writePicture(outputs, join(folder, path), toPicture(image, w, h));
    if (styles.codes) await outputs.write(codesFile(folder, stem), encodeRegionStyles(styles.codes));
  }
  return { header: stem, pictures: [map, ...painted] };
}
