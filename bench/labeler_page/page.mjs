// Runs in the page: opens the labeler and ONNX Runtime, and labels one photo with either, as often as it is asked.

/** Width and height of the net's input, and of the maps that are timed. */
const SIZE = 513;
const MAP = 256;

/** A valley under a sky, with noise. */
function draw(width, height) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const shape = (color, ...points) => {
    context.fillStyle = color;
    context.beginPath();
    for (const [x, y] of points) context.lineTo(x * width, y * height);
    context.fill();
  };
  shape("#7fb0ea", [0, 0], [1, 0], [1, 1], [0, 1]);
  shape("#77716a", [0, 0.5], [0.3, 0.3], [0.5, 0.45], [0.7, 0.35], [1, 0.5], [1, 0.7], [0, 0.7]);
  shape("#4f8a2f", [0, 0.62], [1, 0.62], [1, 1], [0, 1]);
  shape("#8c8c90", [0.48, 0.62], [0.52, 0.62], [0.8, 1], [0.2, 1]);
  const image = context.getImageData(0, 0, width, height);
  for (let i = 0, seed = 1; i < image.data.length; i++) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    if (i % 4 < 3) image.data[i] += (seed >>> 27) - 16;
  }
  context.putImageData(image, 0, 0);
  return { canvas, image };
}

const photo = draw(SIZE, SIZE).image;
const engines = {};
let labels;

/** Times ms from the import to what it gives. */
async function openOurs(weights) {
  const start = performance.now();
  const { createLabeler } = await import("/dist/labeler.js");
  const labeler = await createLabeler({ weights });
  labeler.addEventListener("notice", () => undefined);
  labels = labeler.classes.map((name, id) => ({ id, name }));
  const opened = performance.now() - start;
  engines.ours = {
    turn: () => labeler.label(photo, { labels, width: MAP, height: MAP }),
    label: (of, size) => labeler.label(of, { labels, ...size }),
    // Every cell is one of the enlarged picture's pixels.
    async cells() {
      const { data } = await labeler.label(photo, { labels, width: SIZE, height: SIZE });
      const cells = [];
      for (let y = 0; y < SIZE; y += 4) for (let x = 0; x < SIZE; x += 4) cells.push(data[y * SIZE + x]);
      return cells;
    },
  };
  await engines.ours.turn();
  return { opened, first: performance.now() - start };
}

/** @param threads 0: as ONNX Runtime chooses */
async function openOrt(model, threads) {
  const start = performance.now();
  const ort = await (await import("./ort.mjs")).open({ model, threads });
  const opened = performance.now() - start;
  engines.ort = {
    async turn() {
      const { classes, columns } = await ort.cells(photo);
      const map = new Uint8Array(MAP * MAP);
      const at = (i) => Math.floor(((i + 0.5) * columns) / MAP);
      for (let y = 0; y < MAP; y++) for (let x = 0; x < MAP; x++) map[y * MAP + x] = classes[at(y) * columns + at(x)];
      return map;
    },
    cells: async () => [...(await ort.cells(photo)).classes],
  };
  await engines.ort.turn();
  return { opened, first: performance.now() - start, threads: ort.threads };
}

async function turn(engine) {
  const start = performance.now();
  await engines[engine].turn();
  return performance.now() - start;
}

/** Labels a JPEG file. @returns ms, and of the longest task of the page's thread; 0: none of 50 ms or more */
async function label(width, height) {
  const file = await draw(width, height).canvas.convertToBlob({ type: "image/jpeg" });
  await new Promise((done) => setTimeout(done, 500));
  const tasks = [];
  const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries().map((t) => t.duration)));
  observer.observe({ type: "longtask" });
  const start = performance.now();
  await engines.ours.label(file, { width: MAP, height: MAP });
  const ms = performance.now() - start;
  // The observer reports a task after it has ended.
  await new Promise((done) => setTimeout(done, 100));
  observer.disconnect();
  return { ms, longest: Math.max(0, ...tasks) };
}

Object.assign(window, { openOurs, openOrt, turn, label, cells: (engine) => engines[engine].cells() });
