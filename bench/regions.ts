// npm run bench -- regions: conv_gamma and conv_beta of SEAN's norm, by lookup and densely, in one run: the street map at some layers of the
// published generator (style length 512). Dense is the published way: style rows are painted into a map, which two 3x3 convolutions read,
// by this engine's fastest variant. Both give the same gamma, which is checked. Then the whole net at 256x256 with 19 labels: products, densely and by
// lookup, and the memory by its plan; of a label edit (the photo's codes are known) and of a new style (so are the label tables).

import { deriveWeights, packConv } from "../kernels/conv/conv2d.ts";
import { conv2d, gatherRows, labelTable } from "../kernels/index.ts";
import { packBlocks, blockedShape } from "../kernels/parts/gemm.ts";
import { join } from "node:path";
import { idsOf, readPng } from "../src/datasets/label_file.ts";
import { defaultConfig, type Config } from "../src/models/config.ts";
import { styleWindows } from "../src/models/sean/style_windows.ts";
import { normalValues } from "../src/models/philox.ts";
import { windowsOf } from "../src/painting/windows.ts";
import { pilNearestResize } from "../src/pictures/pil_nearest.ts";
import { openNodeDevice } from "../src/node/dawn.ts";
import { Graph, profileProgram, Program } from "../src/runtime/index.ts";
import { ParameterStore } from "../src/models/weights/parameters.ts";
import { netOf } from "../src/models/kinds.ts";
import { recordPainter } from "../src/painting/painters.ts";
import { planMemory } from "../src/runtime/index.ts";
import { root } from "./lib/maps.ts";
import { denseMacs, lookupMacs, type Macs } from "./lib/sean_macs.ts";

const L = 512;
const LAYERS = [
  { side: 16, channels: 1024 },
  { side: 32, channels: 512 },
  { side: 64, channels: 256 },
];
const LABELS = 256;

const device = await openNodeDevice();
const png = idsOf(await readPng(join(root, "demo/maps/street_label.png")), "street", undefined, "");
const c: Config = {
  ...defaultConfig,
  netG: "sean",
  label_nc: LABELS,
  contain_dontcare_label: false,
  no_instance: true,
};
const levels = windowsOf(c, [pilNearestResize(png, 256, 256)], null);
console.log(`adapter: ${device.name}`);
console.log("layer           windows   lookup ms     dense ms    GMAC lookup     dense   largest difference of gamma");
for (const { side, channels } of LAYERS) {
  const lw = levels.find(({ h }) => h === side)!;
  const made = styleWindows(c, lw, "lookup");
  // The labels of the map alone have rows, as the net's own have.
  const used = [...new Set(Array.from(lw.codes, (code) => code >> 1))];
  const rowOf = (row: number): number => (row === 0 ? 0 : 1 + used.indexOf(row - 1));
  const [rows, windows] = [1 + used.length, made.windows.map(rowOf)];
  const oihw = [channels, L, 3, 3];
  const weights = ["gamma", "beta"].map((_, i) => normalValues(i, channels * L * 9).map((v) => v / 70));
  const a = normalValues(9, rows * L)
    .map((v) => Math.max(0, v))
    .fill(0, 0, L);

  const g = new Graph(device.target);
  const inner = { name: "codes", capacity: rows };
  const outer = { name: "styles", capacity: made.count };
  const styles = g.input("a", [rows, L]);
  const bias = g.input("bias", [channels]);
  const at = g.input("windows", [made.count, 9], "i32");
  const tables = weights.map((_, i) =>
    labelTable(g, { a: styles, w: g.input(`w${i}`, blockedShape(9, L, channels)), bias, windows: at, inner, outer }),
  );
  g.output("gamma", tables[0]);
  const lookup = await Program.compile(g, device, { name: "lookup" });
  const inputs = { a, bias: new Float32Array(channels) };
  const counts = { codes: rows, styles: made.count };
  await lookup.run({
    inputs: { ...inputs, windows, w0: packBlocks(weights[0], oihw), w1: packBlocks(weights[1], oihw) },
    counts,
  });

  const d = new Graph(device.target);
  const map = gatherRows(d, { table: d.input("a", [rows, L]), ids: d.input("ids", [1, side, side], "i32") });
  const zero = d.input("bias", [channels]);
  const maps = weights.map((_, i) => {
    const w = d.input(`w${i}`, [9, L, channels]);
    const copies = deriveWeights(d, w, { k: 3, h: side, w: side });
    return conv2d(d, { x: map, w, ...copies, bias: zero, kh: 3, kw: 3, pad: 1 });
  });
  d.output("gamma", maps[0]);
  const dense = await Program.compile(d, device, { name: "dense" });
  await dense.run({
    inputs: {
      ...inputs,
      ids: Int32Array.from(lw.codes, (code) => rowOf(1 + (code >> 1))),
      w0: packConv(weights[0], oihw).data,
      w1: packConv(weights[1], oihw).data,
    },
  });

  const [table, whole] = [await lookup.read("gamma"), await dense.read("gamma")];
  let worst = 0;
  for (let p = 0; p < side * side; p++)
    for (let ch = 0; ch < channels; ch++)
      worst = Math.max(worst, Math.abs(whole[p * channels + ch] - table[made.ids[p] * channels + ch]));
  const ms = async (program: Program, counts = {}): Promise<number> => {
    const profile = await profileProgram(program, { counts });
    // Copies of weights are made once a net, not once a picture.
    return profile.rows
      .filter(({ label }) => !/weights|block_columns/.test(label))
      .reduce((sum, row) => sum + row.ms, 0);
  };
  const macs = [(rows - 1) * 9 * L * 2 * channels, side * side * 9 * L * 2 * channels].map((n) => (n / 1e9).toFixed(2));
  const times = [await ms(lookup, counts), await ms(dense)].map((t) => t.toFixed(1).padStart(12));
  console.log(
    `${side}x${side} x ${channels}`.padEnd(15),
    String(made.count).padStart(7),
    times.join(" "),
    ...macs.map((m) => m.padStart(12)),
    "  ",
    worst.toExponential(1),
  );
  lookup.dispose();
  dense.dispose();
}

const net: Config = { ...c, label_nc: 19, crop_size: 256, ngf: 64, style_length: L, enc_ngf: 32 };
const row = (name: string, { styles, spade, features, fcMu, encoder, total }: Macs): void =>
  console.log(
    name.padEnd(26),
    [total, styles, spade, features, fcMu, encoder].map((n) => (n / 1e9).toFixed(2).padStart(9)).join(" "),
  );
console.log("\nSEAN, 256x256, 19 labels, GMAC   whole    styles    labels  features     fc_mu   encoder");
row("dense, as published", denseMacs(net));
for (const map of ["street", "lake"]) {
  const ids = idsOf(await readPng(join(root, `demo/maps/${map}_label.png`)), map, undefined, "");
  const windows = windowsOf(net, [pilNearestResize(ids, 256, 256)], null);
  const all = lookupMacs(net, windows);
  row(`lookup, ${map}`, all);
  row("  a label edit, at most", { ...all, encoder: 0, total: all.total - all.encoder });
  row("  a new style's codes", { ...all, encoder: 0, spade: 0, total: all.total - all.encoder - all.spade });
  const parameters = ParameterStore.onPaper(netOf(net), "f32");
  const stages = recordPainter(device.target, net, parameters, windows);
  const peaks = stages.map(({ reads, graph }) => ({ reads, peak: planMemory(graph).peak }));
  const image = peaks[peaks.length - 1];
  const of = (wanted: (stage: (typeof peaks)[0]) => boolean): number =>
    peaks.filter(wanted).reduce((sum, { peak }) => sum + peak, 0);
  const parts = {
    weights: parameters.bytes + of(({ reads }) => !reads.includes("map")),
    "label tables": of((s) => s.reads.includes("map") && !s.reads.includes("style") && s !== image),
    "style tables": of((s) => s.reads.includes("map") && s.reads.includes("style") && s !== image),
    picture: image.peak,
  };
  const text = Object.entries(parts).map(([what, bytes]) => `${what} ${(bytes / 2 ** 20).toFixed(0)}`);
  console.log(`  MiB, f32: ${text.join(", ")}`);
}
device.dispose();
