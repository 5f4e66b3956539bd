// demo --map ID: runs the COCO generator at its published size, with weights from a seed (nothing is downloaded), on a real label map.
// It measures time and memory of a picture; the picture itself means nothing. For a real picture: npm run demo (demo.ts).

import { join } from "node:path";
import { coloredMap, labelColor } from "../../../pictures/colors.ts";
import { calibratedState } from "../../../painting/calibrated.ts";
import { defaultConfig } from "../../../models/config.ts";
import { memorySource } from "../../../models/weights/source.ts";
import { toPicture } from "../../../painting/present/picture.ts";
import { windowsOf } from "../../../painting/windows.ts";
import { demoFolder, demoMaps, type DemoOptions } from "./demo.ts";
import { readInstanceMap, readLabelMap } from "../../inputs/maps.ts";
import { openDeviceFor, openNetFor } from "../../inputs/net.ts";
import { pictureOutput, writePicture } from "../../reports/picture.ts";
import { command } from "../../terminal/command.ts";
import { Outputs } from "../../terminal/output.ts";
import type { Progress } from "../../terminal/progress.ts";

export async function seededDemo(o: DemoOptions, progress: Progress): Promise<string[]> {
  const config = defaultConfig;
  const maps = demoMaps();
  const folder = demoFolder(o);
  const [label, inst] = ["label", "inst"].map((kind) => join(maps, `${o.map}_${kind}.png`));
  const map = await readLabelMap(label, config, undefined);
  const instance = await readInstanceMap(inst, config, label);
  const outputs = new Outputs(o.force);
  await outputs.check(["label.png", "picture.png"].map((name) => pictureOutput(join(folder, name))));
  const colored = coloredMap(map, (id) => labelColor(id === 255 ? config.label_nc : id));
  await writePicture(outputs, join(folder, "label.png"), { data: colored, width: map.width, height: map.height });

  const start = performance.now();
  const device = await openDeviceFor(progress);
  let peak = 0;
  const note = (): void => void (peak = Math.max(peak, device.allocated));
  const windows = windowsOf(config, [map], [instance]);
  const state = await calibratedState(device, config, o.seed, windows, undefined, (what) => {
    note();
    progress.update(what, 0, 1);
  });
  progress.end();

  const { painter, dtype } = await openNetFor({ config, source: memorySource(state) }, progress, { device });
  note();
  await painter.setMap(windows);
  note();
  const ready = performance.now();
  await progress.during("label tables", () => painter.runTables());
  const tables = performance.now();
  const image = await progress.during("picture", () => painter.paint());
  const painted = performance.now();
  note();
  const { h, w } = painter.size;
  await writePicture(outputs, join(folder, "picture.png"), toPicture(image, w, h));
  painter.dispose();
  const lines = [
    `${join(folder, "label.png")}    the label map, one colour a label`,
    `${join(folder, "picture.png")}  the picture, ${w}x${h}`,
    `adapter ${device.name}, ${dtype}; new map to picture ${((painted - ready) / 1e3).toFixed(2)} s (label tables ${((tables - ready) / 1e3).toFixed(2)} s, picture ${((painted - tables) / 1e3).toFixed(2)} s), preparation ${((ready - start) / 1e3).toFixed(1)} s`,
    `peak memory ${(peak / 2 ** 20).toFixed(0)} MiB on the adapter, ${(process.resourceUsage().maxRSS / 2 ** 10).toFixed(0)} MiB in all (this process)`,
    "",
    "The weights come from a seed, not from training: the picture is texture, not a photo. Only its numbers mean something.",
    "With real ones (latest_net_G.pth of the published SPADE, CC BY-NC-SA 4.0, or your own):",
    `  ${command()} convert latest_net_G.pth coco.safetensors`,
    `  ${command()} generate --weights coco.safetensors --label ${label} --instance ${inst} --out photo.png`,
  ];
  device.dispose();
  return lines;
}
