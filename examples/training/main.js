import { createTrainer } from "spade-webgpu/train";
import { decodeLabelMap, paintLabels, resizeLabelMap } from "spade-webgpu/labels";

const FEATURES = "../../weights/squeezenet1_0_features.safetensors";
const DONT_CARE = 255;
/** Five times the published rate: a small net is soon there. */
const LR = 0.001;
/** Steps between two previews, and between two checkpoints, from which a lost GPU is made good. */
const PREVIEW = 5;
const KEEP = 200;
const COLORS = ["#1c7ed6", "#e8590c", "#2f9e44", "#c2255c", "#7048e8", "#868e96"];
const $ = (id) => document.getElementById(id);

/** What a visitor can do something about; every other error is the author's. */
const FOR_VISITORS = [
  ...["insecure-context", "no-webgpu", "no-adapter", "webgpu-blocked", "out-of-memory", "limits", "device-lost"],
  ...["download", "file", "label", "shape", "integrity", "unsupported"],
];

/** Photographs and label maps by the stem of their names. */
const found = new Map();
let trainer, kept, pairs, labels;
let stopping = false;
/** For the plot: one list of values for each loss, and their range. */
const history = {};
let [least, most] = [0, 1];

function state(name) {
  document.body.dataset.state = name;
  const busy = name === "loading" || name === "training";
  $("start").disabled = busy || !complete().length;
  $("start").textContent = trainer || kept ? "Go on" : "Start";
  $("stop").disabled = name !== "training";
  $("save").disabled = !trainer || busy;
  for (const id of ["files", "size", "ngf", "perceptual"]) $(id).disabled = busy || Boolean(trainer || kept);
}

function fail(error) {
  console.error(error);
  $("message").textContent = FOR_VISITORS.includes(error.code)
    ? `${error.where}: ${error.problem}. What you can do: ${error.fix}.`
    : `This page is broken: ${error.message}`;
  if (error.code === "device-lost") {
    trainer?.dispose();
    trainer = undefined;
    $("message").textContent = kept
      ? "The browser took the GPU away. Go on from the last checkpoint of this page."
      : "The browser took the GPU away. Start again.";
  }
  state("error");
}

const complete = () => [...found.values()].filter(({ photo, label }) => photo && label);
const isPng = (file) => /\.png$/i.test(file.name);

/** A PNG whose pixels are gray or indices. */
async function holdsIds(file) {
  const type = new Uint8Array(await file.slice(25, 26).arrayBuffer())[0];
  return isPng(file) && (type === 0 || type === 3);
}

async function take(files) {
  $("message").textContent = "";
  for (const file of files) {
    const [, stem, mark] = /^(.*?)(_labels?)?\.\w+$/i.exec(file.name) ?? [, file.name];
    const pair = found.get(stem) ?? {};
    pair[mark || (await holdsIds(file)) ? "label" : "photo"] = file;
    found.set(stem, { ...pair, stem });
  }
  const ready = complete().length;
  const alone = [...found.values()].filter(({ photo, label }) => !photo || !label).map(({ stem }) => stem);
  const shown = alone.slice(0, 3).join(", ") + (alone.length > 3 ? " ..." : "");
  $("pairs").textContent =
    `${ready} ${ready === 1 ? "pair" : "pairs"}.${alone.length ? ` Without a partner: ${shown}` : ""}`;
  state(ready ? "ready" : "empty");
}

/** A photograph's pixels at the net's size. */
async function pixels(photo, size) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(photo, { resizeWidth: size, resizeHeight: size, resizeQuality: "high" });
  } catch {
    throw {
      code: "file",
      where: photo.name,
      problem: "is no picture that this browser reads",
      fix: "give a JPEG or PNG",
    };
  }
  const context = new OffscreenCanvas(size, size).getContext("2d");
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, size, size);
}

/** Reads all pairs, and says which labels there are. */
async function read(size) {
  const colors = [];
  pairs = [];
  for (const { photo, label } of complete()) {
    const { palette, ...map } = await decodeLabelMap(label);
    palette?.forEach((color, id) => (colors[id] ??= color));
    pairs.push({ label: resizeLabelMap(map, size, size), image: await pixels(photo, size) });
  }
  const ids = new Set(pairs.flatMap(({ label }) => [...new Set(label.data)]));
  const unknown = ids.delete(DONT_CARE);
  const count = Math.max(...ids, 0) + 1;
  labels = Array.from({ length: count }, (_, id) => ({ id, name: `label ${id}`, color: colors[id] ?? "" }));
  // Without colours of their own, labels get the published ones.
  const own = labels.every(({ color }) => color) && new Set(colors.slice(0, count)).size === count;
  if (!own) labels = undefined;
  return { label_nc: count, contain_dontcare_label: unknown };
}

/** All pairs again and again, each time in another order. */
function* samples() {
  for (;;) yield* [...pairs].map((pair) => [Math.random(), pair]).sort((a, b) => a[0] - b[0]).map(([, pair]) => pair); // prettier-ignore
}

async function open() {
  const size = Number($("size").value);
  const options = {
    ...(await read(size)),
    crop_size: size,
    ngf: Number($("ngf").value),
    ndf: 32,
    lr: LR,
    no_instance: true,
  };
  trainer = await createTrainer({
    ...(kept ? { from: kept } : { options, labels }),
    perceptual: $("perceptual").checked && FEATURES,
    onProgress: ({ progress }) => ($("progress").textContent = `Loading, ${Math.floor(100 * progress)} %`),
  });
  for (const id of ["map", "photo", "preview"]) $(id).width = $(id).height = size;
  $("map")
    .getContext("2d")
    .putImageData(paintLabels(pairs[0].label, labels ?? []), 0, 0);
  $("photo").getContext("2d").putImageData(pairs[0].image, 0, 0);
  await preview();
}

async function preview() {
  $("preview")
    .getContext("2d")
    .putImageData(await trainer.preview(pairs[0].label), 0, 0);
  $("caption").textContent = `The net after ${trainer.step} ${trainer.step === 1 ? "step" : "steps"}`;
}

async function train() {
  $("message").textContent = "";
  stopping = false;
  state("loading");
  try {
    if (!trainer) await open();
    state("training");
    $("progress").textContent = "The first step compiles, and takes longer";
    for await (const { step, losses, ms } of trainer.steps(samples())) {
      show(losses);
      $("progress").textContent = `Step ${step}, ${Math.round(ms)} ms`;
      if (step % PREVIEW === 0) await preview();
      if (step % KEEP === 0) kept = await trainer.checkpoint();
      if (stopping) break;
    }
    await preview();
    state("stopped");
  } catch (error) {
    fail(error);
  }
}

/** Adds losses to the plot and the table. */
function show(losses) {
  const names = Object.keys(losses);
  for (const name of names) (history[name] ??= []).push(losses[name]);
  least = Math.min(least, ...Object.values(losses));
  most = Math.max(most, ...Object.values(losses));
  $("losses").replaceChildren(
    ...names.map((name, i) => {
      const row = document.createElement("tr");
      const dot = document.createElement("i");
      dot.style.background = COLORS[i];
      const cells = [document.createElement("td"), document.createElement("td")];
      cells[0].append(dot, name);
      cells[1].textContent = losses[name].toFixed(3);
      row.append(...cells);
      return row;
    }),
  );
  plot(names);
}

function plot(names) {
  const canvas = $("plot");
  const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((n) => Math.round(n * devicePixelRatio));
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, width, height);
  context.lineWidth = 1.5 * devicePixelRatio;
  const pad = 6 * devicePixelRatio;
  names.forEach((name, i) => {
    const values = history[name];
    // At most a value a pixel.
    const every = Math.max(1, Math.ceil(values.length / width));
    context.strokeStyle = COLORS[i];
    context.beginPath();
    for (let at = 0; at < values.length; at += every) {
      const x = pad + (at / Math.max(1, values.length - 1)) * (width - 2 * pad);
      context.lineTo(x, height - pad - ((values[at] - least) / (most - least)) * (height - 2 * pad));
    }
    context.stroke();
  });
}

$("files").addEventListener("change", () => take($("files").files).catch(fail));
for (const name of ["dragover", "dragleave", "drop"])
  $("drop").addEventListener(name, (event) => {
    event.preventDefault();
    $("drop").classList.toggle("over", name === "dragover");
    if (name === "drop" && !$("files").disabled) take(event.dataTransfer.files).catch(fail);
  });
$("start").addEventListener("click", train);
$("stop").addEventListener("click", () => {
  stopping = true;
  $("stop").disabled = true;
});
$("save").addEventListener("click", async () => {
  try {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await trainer.save());
    link.download = "my_net_G.safetensors";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  } catch (error) {
    fail(error);
  }
});
state("empty");
