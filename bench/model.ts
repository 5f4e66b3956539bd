// npm run bench -- model [--quick] [--json FILE]: COCO 256x256 with use_vae, seeded and calibrated: new label map, new style, time by kernel.

import { profilePainter } from "../src/painting/profile.ts";
import { writeFileSync } from "node:fs";
import { openNodeDevice } from "../src/node/dawn.ts";
import { profileTable } from "../src/runtime/index.ts";
import { demoMap, MAP } from "./lib/maps.ts";
import { machine, median } from "./lib/measure.ts";
import { probe } from "./lib/roofline.ts";
import { BENCH_CONFIG, openOurs, type MapTimes } from "./lib/ours.ts";

const quick = process.argv.includes("--quick");
const jsonAt = process.argv.indexOf("--json");
const device = await openNodeDevice();
const roofline = await probe(device);
console.log(
  `${device.name}\nmultiply-add peak ${(roofline.flops / 1e9).toFixed(1)} GFLOP/s, copy ${(roofline.bytes / 1e9).toFixed(1)} GB/s`,
);
const ours = await openOurs(device, BENCH_CONFIG, demoMap(), (step) => console.log(`  ${step}`));
await ours.newMap(demoMap());
const maps: MapTimes[] = [];
const styles: number[] = [];
for (let i = 0; i < (quick ? 3 : 7); i++) {
  maps.push(await ours.newMap(demoMap()));
  styles.push(await ours.newStyle(i));
}
const of = (pick: (t: MapTimes) => number): string => median(maps.map(pick)).toFixed(1);
console.log(
  `map ${MAP}, medians of ${maps.length}, ms: new map ${of((t) => t.total)} = labels ${of((t) => t.labels)} + tables ${of((t) => t.tables)} + network ${of((t) => t.network)}; new style ${median(styles).toFixed(1)}`,
);
const profiles = await profilePainter(ours.runner, ours.z);
for (const p of profiles) console.log(profileTable(p));
console.log(
  profileTable(profiles[profiles.length - 1], (r) => r.label.replace(/\/gemm_\w+$/, "/gemm"))
    .split("\n")
    .slice(0, 24)
    .join("\n"),
);
console.log(
  `memory, MiB: ${Object.entries(ours.runner.memory)
    .map(([k, v]) => `${k} ${(v / 2 ** 20).toFixed(0)}`)
    .join(", ")}`,
);
if (jsonAt >= 0)
  writeFileSync(
    process.argv[jsonAt + 1],
    JSON.stringify(
      { ...machine(device), roofline, map: MAP, maps, styles, memory: ours.runner.memory, profiles },
      null,
      1,
    ),
  );
device.dispose();
process.exit(0);
