// Runs in the page: loads an engine, paints a first picture, new styles and edited maps, and times them. Nothing of an engine is imported
// before `measure` is called.

const canvas = document.querySelector("canvas");

function show({ data, width, height }) {
  [canvas.width, canvas.height] = [width, height];
  canvas.getContext("2d").putImageData(new ImageData(data, width, height), 0, 0);
}

/** Counts the bytes of the GPU buffers that live, and their maximum, from now on. */
function watchBuffers() {
  const seen = { now: 0, most: 0 };
  if (!globalThis.GPUDevice) return seen;
  const sizes = new Map();
  const { createBuffer } = GPUDevice.prototype;
  GPUDevice.prototype.createBuffer = function (descriptor) {
    const buffer = createBuffer.call(this, descriptor);
    sizes.set(buffer, buffer.size);
    seen.now += buffer.size;
    seen.most = Math.max(seen.most, seen.now);
    return buffer;
  };
  const { destroy } = GPUBuffer.prototype;
  GPUBuffer.prototype.destroy = function () {
    seen.now -= sizes.get(this) ?? 0;
    sizes.delete(this);
    destroy.call(this);
  };
  return seen;
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

  const buffers = watchBuffers();

  const start = performance.now();
  const { open } = await import(engine === "ours" ? "./ours.mjs" : "./ort.mjs");
  const imported = performance.now();
  const net = await open({ engine, model, classes });
  const opened = performance.now();
  const gpuLoading = buffers.most;
  const picture = await net.paint(map, first);
  show(picture);
  const painted = performance.now();
  // The observer reports a task after it has ended.
  await new Promise((done) => setTimeout(done, 100));
  observer.disconnect();
  const longest = Math.max(0, ...tasks.filter((t) => t.startTime + t.duration > start).map((t) => t.duration));
  window.loaded = true;
  const gpu = buffers.now;

  const style = [];
  for (const z of more) style.push(await timed(net, map, z));
  const edit = [];
  for (const m of edits) edit.push(await timed(net, m, first));
  const pixels = [...picture.data];
  const times = { import: imported - start, open: opened - start, first: painted - start };
  return { times, longest, style, edit, pixels, gpu, gpuLoading };
}

window.measure = measure;
