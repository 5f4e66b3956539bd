// npm run bench:model: COCO 256x256 with use_vae, seeded and calibrated: new label map, new style, time by kernel.

import { profileTable } from "../src/runtime/index.ts";
import { openNodeDevice } from "../src/node/dawn.ts";
import { BENCH_CONFIG, openOurs } from "./lib/ours.ts";
import { demoMap } from "./lib/maps.ts";

const device = await openNodeDevice();
console.log(device.name);
const ours = await openOurs(device, BENCH_CONFIG, demoMap(), (s) => console.log(s));
for (let i = 0; i < 3; i++) {
  const t = await ours.newMap(demoMap());
  const s = await ours.newStyle(i);
  console.log(`new map ${t.total.toFixed(0)} ms (labels ${t.labels.toFixed(1)}, tables ${t.tables.toFixed(0)}, network ${t.network.toFixed(0)}), new style ${s.toFixed(0)} ms`);
}
for (const p of await ours.runner.profile(ours.z)) console.log(profileTable(p));
console.log(ours.runner.memory);
device.dispose();
process.exit(0);
