import { clearCache, createSpade, isCached, mixStyles } from "spade-webgpu";
import { paintLabels } from "spade-webgpu/labels";
import * as page from "../shared.js";
const { $, WEIGHTS } = page;

const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

let spade, map, stopping;

function state(name) {
  page.state(name);
  $("stop").disabled = name !== "loading";
  $("load").disabled = name === "loading";
  $("style").disabled = name !== "ready";
}

function fail(error) {
  page.fail(error);
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
    page.sayNotices(spade, fail);
    const { width, height, labels, style } = spade.info;

    map = await page.streetMap(spade.info, signal);
    [$("map").width, $("map").height] = [width, height];
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

/** The style at the slider's place. */
function chosen() {
  const { a, b, t, name } = page.neighbours(spade.info.style.presets, $("style").valueAsNumber);
  $("style-name").textContent = name;
  return mixStyles(a.style, b.style, t);
}

async function paint(signal) {
  await spade.generate(map, { style: chosen(), canvas: $("picture"), signal });
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
