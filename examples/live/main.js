import { createSpade, mixStyles } from "spade-webgpu";
import { paintLabels } from "spade-webgpu/labels";
import { $, failAloud, neighbours, sayNotices, state, streetMap, WEIGHTS } from "../shared.js";
import { strokes } from "./brush.js";

failAloud();
state("loading");
const onProgress = ({ progress }) => ($("caption").textContent = `Loading 22 MB: ${Math.floor(100 * progress)} %`);
const spade = await createSpade({ weights: WEIGHTS, onProgress });
const { labels, style, width, height } = spade.info;
sayNotices(spade);

// 1. The picture: live paints the newest map that it was given, and leaves out maps that came meanwhile.
const live = spade.live({
  canvas: $("picture"),
  onFrame: ({ total, newWindows }) =>
    ($("caption").textContent = `The picture: ${Math.round(total)} ms, ${newWindows} new windows of labels`),
});

// 2. The map: ids in the page's own array, drawn in the labels' colours.
const original = await streetMap(spade.info);
const map = { ...original, data: original.data.slice() };
[$("map").width, $("map").height] = [width, height];
const context = $("map").getContext("2d");
let colours;
function changed() {
  colours = paintLabels(map, labels, colours);
  context.putImageData(colours, 0, 0);
  live.update(map);
}

// 3. The brush.
for (const { id, name, color } of labels) {
  const input = Object.assign(document.createElement("input"), { type: "radio", name: "label", value: id });
  input.checked = name === "tree";
  const swatch = document.createElement("span");
  swatch.style.setProperty("--color", color);
  const label = document.createElement("label");
  label.append(input, swatch, name);
  $("labels").append(label);
}
strokes($("map"), map, () => ({
  id: Number(document.querySelector("[name=label]:checked").value),
  size: $("size").valueAsNumber,
  changed,
}));
$("size").addEventListener("input", () => {
  $("size-name").textContent = $("size").value === "1" ? "1 pixel" : `${$("size").value} pixels`;
});
$("again").addEventListener("click", () => {
  map.data.set(original.data);
  changed();
});

// 4. The style: setting it paints the last map again.
function restyle() {
  const { a, b, t, name } = neighbours(style.presets, $("style").valueAsNumber);
  live.style = mixStyles(a.style, b.style, t);
  $("style-name").textContent = name;
}
$("style").max = style.presets.length - 1;
$("style").addEventListener("input", restyle);
$("dice").addEventListener("click", () => {
  $("style").value = Math.random() * (style.presets.length - 1);
  restyle();
});

// 5. A file of what the canvas shows.
$("save").addEventListener("click", async () => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await spade.toBlob());
  link.download = "street.png";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
});

restyle();
changed();
await live.idle();
for (const id of ["again", "style", "dice", "save"]) $(id).disabled = false;
state("ready");
