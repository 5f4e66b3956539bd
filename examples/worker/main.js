import { createSpade } from "spade-webgpu/worker";
import { $, failAloud, sayNotices, state, streetMap, WEIGHTS } from "../shared.js";
import { move } from "./dot.js";

failAloud();
state("loading");
move($("dot"), $("track"), (pause) => ($("pause").textContent = Math.round(pause)));

// The same lines as without a worker. The canvas belongs to the worker from now on.
const spade = await createSpade({ weights: WEIGHTS });
const map = await streetMap(spade.info);
const canvas = $("picture");
await spade.generate(map, { style: 7, canvas });

sayNotices(spade);
const said = () => ($("caption").textContent = `Painted in ${Math.round(spade.stats.total)} ms, in the worker.`);
said();
let style = 7;
$("another").addEventListener("click", async () => {
  $("another").disabled = true;
  await spade.generate(map, { style: ++style, canvas });
  said();
  $("another").disabled = false;
});
$("another").disabled = false;
state("ready");
