import { createSpade, isSupported } from "spade-webgpu";
import { $, fail, failAloud, state, streetMap, WEIGHTS } from "../shared.js";
import { Flag } from "./flag.js";

failAloud();
state("loading");

/** A device with what the net can use: f16, and buffers as large as the adapter allows. */
async function openDevice() {
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
  // It finds the words for browsers and machines without WebGPU.
  if (!adapter) throw (await isSupported()).error;
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
  return adapter.requestDevice({
    requiredFeatures: ["shader-f16"].filter((feature) => adapter.features.has(feature)),
    requiredLimits: { maxBufferSize, maxStorageBufferBindingSize },
  });
}

let device = await openDevice();
const spade = await createSpade({ weights: WEIGHTS, device });
const map = await streetMap(spade.info);
let style = 7;
let next = 0;
let texture, flag;

/** Everything of the page that lives on the device. */
function build() {
  texture = device.createTexture({
    size: [spade.info.width, spade.info.height],
    format: "rgba8unorm",
    // The net draws to it; the page reads it.
    usage: GPUTextureUsage.RENDER_ATTACHMENT | GPUTextureUsage.TEXTURE_BINDING,
  });
  flag = new Flag(device, $("picture"), texture);
}

async function paint() {
  await spade.generate(map, { style, texture });
  $("caption").textContent = `The picture: ${Math.round(spade.stats.total)} ms, on the page's device`;
}

/** A session never replaces a device that it borrowed: the page gives it a new one. */
async function watch() {
  await device.lost;
  state("lost");
  flag = undefined;
  for (const id of ["another", "lose"]) $(id).disabled = true;
  $("notice").textContent = "The device is lost. The page opens another …";
  device = await openDevice();
  await spade.restore(device);
  await begin();
  $("notice").textContent = "The page has a new device.";
}

async function begin() {
  build();
  await paint();
  for (const id of ["another", "lose"]) $(id).disabled = false;
  state("ready");
  watch().catch(fail);
}

$("another").addEventListener("click", () => {
  const { presets } = spade.info.style;
  style = presets[next++ % presets.length].style;
  // What is lost while it paints is painted again by watch().
  paint().catch((error) => error.code === "device-lost" || fail(error));
});
$("lose").addEventListener("click", () => device.destroy());

const still = matchMedia("(prefers-reduced-motion: reduce)");
function frame(now) {
  flag?.draw(still.matches ? 1 : now / 1000);
  requestAnimationFrame(frame);
}
await begin();
requestAnimationFrame(frame);
