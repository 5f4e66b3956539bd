// Runs in the page: loads an engine, paints a first picture, new styles and edited maps, and times them. Nothing of an engine is imported
// before `measure` is called.

const canvas = document.querySelector("canvas");

function show({ data, width, height }) {
  [canvas.width, canvas.height] = [width, height];
  canvas.getContext("2d").putImageData(new ImageData(data, width, height), 0, 0);
}

/** Milliseconds of one picture, drawn. */
async function timed(net, map, style) {
  const start = performance.now();
  show(await net.paint(map, style));
  return performance.now() - start;
}

/**
 * @param engine "ours", "webgpu" or "wasm" (the last two of ONNX Runtime)
 * @param maps the first is painted first; the others are edits of it
 * @param styles the first is painted first; the others are new styles
 */
async function measure({ engine, model, classes, maps, styles }) {
  const tasks = [];
  const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries()));
  observer.observe({ type: "longtask", buffered: true });
  const [map, ...edits] = maps.map((m) => ({ ...m, data: Uint8Array.from(m.data) }));
  const [first, ...more] = styles.map((z) => Float32Array.from(z));

  const start = performance.now();
  const { open } = await import(engine === "ours" ? "./ours.mjs" : "./ort.mjs");
  const imported = performance.now();
  const net = await open({ engine, model, classes });
  const opened = performance.now();
  const picture = await net.paint(map, first);
  show(picture);
  const painted = performance.now();
  // The observer reports a task after it has ended.
  await new Promise((done) => setTimeout(done, 100));
  observer.disconnect();
  const longest = Math.max(0, ...tasks.filter((t) => t.startTime + t.duration > start).map((t) => t.duration));
  window.loaded = true;

  const style = [];
  for (const z of more) style.push(await timed(net, map, z));
  const edit = [];
  for (const m of edits) edit.push(await timed(net, m, first));
  const pixels = [...picture.data];
  const times = { import: imported - start, open: opened - start, first: painted - start };
  return { times, longest, style, edit, pixels, gpu: net.gpu };
}

window.measure = measure;
