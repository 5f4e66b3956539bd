import { createSpade } from "spade-webgpu";
import { createLabeler } from "spade-webgpu/labeler";
import { paintLabels } from "spade-webgpu/labels";
import { takePhotos } from "../photos.js";
import { $, failAloud, sayNotices, state, WEIGHTS } from "../shared.js";
import { drawTown } from "./drawn.js";

const SEGMENTER = "../../weights/ade20k_segmenter.safetensors";

failAloud();
state("loading");
// Until a visitor chooses a photo, a drawing stands in for one.
drawTown($("photo").getContext("2d"));

const [spade, labeler] = await Promise.all([createSpade({ weights: WEIGHTS }), createLabeler({ weights: SEGMENTER })]);
for (const session of [spade, labeler]) sayNotices(session);
const { labels, width, height } = spade.info;
[$("map").width, $("map").height] = [width, height];

/** The label of pixels that show nothing the street net knows. */
const unknown = labels.find(({ name }) => name === "void").id;

async function paint(photo) {
  const started = performance.now();
  const map = await labeler.label(photo, { ...spade.info, dontCare: unknown });
  $("map").getContext("2d").putImageData(paintLabels(map, labels), 0, 0);
  $("found").textContent = `${shares(map)}: ${Math.round(performance.now() - started)} ms`;
  // The photo's light and colours.
  const style = await spade.encode(photo);
  await spade.generate(map, { style, canvas: $("picture") });
  $("caption").textContent = `The picture: ${Math.round(spade.stats.total)} ms`;
}

/** "road 40 %, sky 31 % ...", the largest first. */
function shares({ data }) {
  const counts = labels.map(({ id, name }) => [name, data.filter((other) => other === id).length / data.length]);
  const found = counts.filter(([, share]) => share >= 0.01).sort((a, b) => b[1] - a[1]);
  return found.map(([name, share]) => `${name} ${Math.round(100 * share)} %`).join(", ");
}

await paint($("photo"));
takePhotos(document.querySelector(".photo"), paint);
state("ready");
