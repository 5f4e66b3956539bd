import { clearCache, createSpade, isCached, mixStyles } from "spade-webgpu";
import { decodeLabelMap, paintLabels, resizeLabelMap } from "spade-webgpu/labels";

const WEIGHTS = "../../weights/street_net_G.safetensors";
const MAP = "../../demo/maps/street_label.png";
const $ = (id) => document.getElementById(id);
const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

/** What a visitor can do something about; every other error is the author's. */
const FOR_VISITORS = [
  "insecure-context",
  "no-webgpu",
  "no-adapter",
  "webgpu-blocked",
  "out-of-memory",
  "device-lost",
  "download",
];

let spade, map, stopping;

function state(name) {
  document.body.dataset.state = name;
  $("stop").disabled = name !== "loading";
  $("load").disabled = name === "loading";
  $("style").disabled = name !== "ready";
}

function fail(error) {
  console.error(error);
  $("message").textContent = FOR_VISITORS.includes(error.code)
    ? `${error.where}: ${error.problem}. What you can do: ${error.fix}.`
    : `This page is broken: ${error.message}`;
  state("error");
}

function onProgress({ phase, loaded, total, progress, cached }) {
  $("progress").value = progress;
  if (phase === "ready") $("phase").textContent = cached ? "ready, from the cache" : "ready";
  else if (phase === "download" && !cached && loaded !== total)
    $("phase").textContent = `${megabytes(loaded)}${total ? ` of ${megabytes(total)}` : ""} MB`;
  else $("phase").textContent = `${Math.floor(100 * progress)} %`;
}

async function load() {
  spade?.dispose();
  stopping = new AbortController();
  const { signal } = stopping;
  $("message").textContent = $("notice").textContent = "";
  state("loading");
  try {
    spade = await createSpade({ weights: WEIGHTS, signal, onProgress });
    spade.addEventListener("notice", ({ message, fix }) => ($("notice").textContent = `${message}; ${fix}.`));
    spade.addEventListener("lost", () => fail({ code: "device-lost", where: "WebGPU", problem: "the browser took the GPU away", fix: "load again" })); // prettier-ignore
    const { width, height, labels, style } = spade.info;

    const response = await fetch(MAP, { signal });
    if (!response.ok) throw new Error(`${MAP}: ${response.status}`);
    map = resizeLabelMap(await decodeLabelMap(await response.blob()), width, height);
    for (const id of ["map", "picture"]) [$(id).width, $(id).height] = [width, height];
    $("map").getContext("2d").putImageData(paintLabels(map, labels), 0, 0);

    $("style").max = style.presets.length - 1;
    await paint(signal);
    $("forget").disabled = !(await isCached(WEIGHTS));
    state("ready");
  } catch (error) {
    if (!signal.aborted) return fail(error);
    $("phase").textContent = "stopped";
    state("stopped");
  }
}

/** The slider's place between two neighbouring presets. */
function chosen() {
  const { presets } = spade.info.style;
  const at = $("style").valueAsNumber;
  const [a, b] = [presets[Math.floor(at)], presets[Math.ceil(at)]];
  const t = at % 1;
  $("style-name").textContent = t
    ? `${Math.round(100 * (1 - t))} % ${a.name}, ${Math.round(100 * t)} % ${b.name}`
    : a.name;
  return mixStyles(a.style, b.style, t);
}

async function paint(signal) {
  const picture = await spade.generate(map, { style: chosen(), signal });
  $("picture").getContext("2d").putImageData(picture, 0, 0);
  const { adapter, dtype } = spade.info;
  $("caption").textContent =
    `The picture: ${Math.round(spade.stats.total)} ms on ${adapter.vendor} ${adapter.architecture}, ${dtype}`;
}

/** Of all moves of the slider while a picture is painted, the last counts. */
let moved = false;
let painting = false;
$("style").addEventListener("input", async () => {
  moved = true;
  if (painting) return;
  painting = true;
  try {
    for (; moved; await paint()) moved = false;
  } catch (error) {
    if (error.code !== "disposed") fail(error);
  }
  painting = false;
});
$("stop").addEventListener("click", () => stopping.abort());
$("load").addEventListener("click", load);
$("forget").addEventListener("click", async () => {
  await clearCache(WEIGHTS);
  $("forget").disabled = true;
});
load();
