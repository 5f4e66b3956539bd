import { createSpade } from "spade-webgpu/worker";
import { $, failAloud, sayNotices, state, streetMap, WEIGHTS } from "../shared.js";
import { move } from "./dot.js";

failAloud();
state("loading");
move($("dot"), $("track"), (pause) => ($("pause").textContent = Math.round(pause)));

// The same lines as without a worker. The canvas belongs to the worker from now on.
const spade = await createSpade({ weights: WEIGHTS });
sayNotices(spade);
const map = await streetMap(spade.info);
const canvas = $("picture");
await spade.generate(map, { style: 7, canvas });

const said = () => ($("caption").textContent = `Painted in ${Math.round(spade.stats.total)} ms, in the worker.`);
said();
let next = 0;
$("another").addEventListener("click", async () => {
  $("another").disabled = true;
  const { presets } = spade.info.style;
  await spade.generate(map, { style: presets[next++ % presets.length].style, canvas });
  said();
  $("another").disabled = false;
});
$("another").disabled = false;
state("ready");
