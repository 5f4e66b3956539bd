// TF.js on its WebGPU backend in Node. Messages: open prepares a convolution, run times it.
// Tensors come and go as NCHW and OIHW and are transposed outside the timed part; a run's time is that of the
// convolution on the device, nothing is uploaded or read back inside it.

import { create, globals } from "webgpu";

Object.assign(globalThis, globals);
// Kept for ever: a collected Dawn instance takes the process down.
globalThis.dawn = create([]);
Object.defineProperty(globalThis, "navigator", { value: { gpu: globalThis.dawn }, configurable: true });

// TF.js 4.22 pushes ["bgra8unorm-storage"], an array, as one feature.
const requestAdapter = globalThis.dawn.requestAdapter.bind(globalThis.dawn);
globalThis.dawn.requestAdapter = async (options) => {
  const adapter = await requestAdapter(options);
  if (!adapter) throw new Error("no WebGPU adapter was found");
  const requestDevice = adapter.requestDevice.bind(adapter);
  adapter.requestDevice = (descriptor = {}) =>
    requestDevice({ ...descriptor, requiredFeatures: [...(descriptor.requiredFeatures ?? [])].flat() });
  return adapter;
};

const tf = await import("@tensorflow/tfjs-core");
await import("@tensorflow/tfjs-backend-webgpu");

let x, w;

let deviceError;

/** Submits what the backend has recorded (it would wait for more) and waits for the device. */
async function done() {
  const backend = tf.backend();
  backend.endComputePassEncoder();
  if (backend.commandEncoder) backend.submitQueue();
  await backend.device.queue.onSubmittedWorkDone();
  if (deviceError) throw deviceError;
}

const answers = {
  async open({ input, weight }) {
    if (!(await tf.setBackend("webgpu"))) throw new Error("the webgpu backend did not start");
    await tf.ready();
    tf.backend().device.addEventListener("uncapturederror", (event) => (deviceError ??= event.error));
    x = tf.tidy(() => tf.transpose(tf.tensor(input.data, input.shape), [0, 2, 3, 1]));
    w = tf.tidy(() => tf.transpose(tf.tensor(weight.data, weight.shape), [2, 3, 1, 0]));
    await done();
    return { version: tf.version_core };
  },
  async run({ repeats }) {
    const ms = [];
    let y;
    for (let i = 0; i < repeats; i++) {
      y?.dispose();
      const start = performance.now();
      y = tf.conv2d(x, w, 1, "same");
      await done();
      ms.push(performance.now() - start);
    }
    const out = tf.transpose(y, [0, 3, 1, 2]);
    const reply = { ms, outputs: { y: { shape: out.shape, data: Float32Array.from(await out.data()) } } };
    y.dispose();
    out.dispose();
    return reply;
  },
};

process.on("message", (message) => {
  answers[message.do](message).then(
    (reply) => process.send(reply),
    (error) => process.send({ error: String(error?.message ?? error) }),
  );
});
process.on("disconnect", () => process.exit(0));
