// TF.js on its WebGPU backend in Node. Messages: open prepares a work, run times it.
// A single convolution takes and returns NCHW, weights are OIHW: both are transposed outside the timed part; the works of training take
// pictures as NHWC. A run's time is that of the work on the device, without upload and read-back.

import { create, globals } from "webgpu";

Object.assign(globalThis, globals);
// Never released: the process crashes when a Dawn instance is collected.
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

// The package's build for Node leaves the gradients out, and Node can't read the files that hold them: this child runs as a bundle.
const tf = await import("@tensorflow/tfjs-core");
await import("@tensorflow/tfjs-core/dist/register_all_gradients.js");
await import("@tensorflow/tfjs-backend-webgpu");

let deviceError;

/** Submits what the backend has recorded (it would wait for more) and waits for the device. */
async function done() {
  const backend = tf.backend();
  backend.endComputePassEncoder();
  if (backend.commandEncoder) backend.submitQueue();
  await backend.device.queue.onSubmittedWorkDone();
  if (deviceError) throw deviceError;
}

const upload = ({ data, shape }) => tf.tensor(data, shape);
const nhwc = (t) => tf.tidy(() => tf.transpose(upload(t), [0, 2, 3, 1]));
const hwio = (t) => tf.tidy(() => tf.transpose(upload(t), [2, 3, 1, 0]));
const oihw = (t) => tf.transpose(t, [3, 2, 0, 1]);

/**
 * The works that `open` prepares: `timed` returns tensors, `outputs` turns them into named results in the published layouts.
 * The loss of spade_block is sum(dy * y), so its gradients are those for an incoming gradient dy.
 */
const works = {
  conv({ x, w }) {
    const [input, weight] = [nhwc(x), hwio(w)];
    return {
      timed: () => [tf.conv2d(input, weight, 1, "same")],
      outputs: ([y]) => ({ y: tf.transpose(y, [0, 3, 1, 2]) }),
    };
  },

  weight_gradient({ x, dy, w }) {
    const [o, i, kh, kw] = w.shape;
    const inputs = { x: upload(x), dy: upload(dy) };
    const attributes = { strides: 1, pad: "same", dataFormat: "NHWC", filterShape: [kh, kw, i, o] };
    return {
      timed: () => [tf.engine().runKernel(tf.Conv2DBackpropFilter, inputs, attributes)],
      outputs: ([dw]) => ({ w: oihw(dw) }),
    };
  },

  /** The published residual block without a learned shortcut; labels are convolved as one-hot, which is built outside the timed part. */
  spade_block({ x, dy, ids, ...parameters }) {
    const labels = parameters["norm_0.mlp_shared.0.weight"].shape[1];
    const onehot = tf.tidy(() => tf.oneHot(tf.cast(upload(ids), "int32"), labels, 1, 0, "float32"));
    const seed = upload(dy);
    const names = Object.keys(parameters);
    const values = names.map((name) => (parameters[name].shape.length === 4 ? hwio : upload)(parameters[name]));
    const block = (input, ...given) => {
      const p = Object.fromEntries(names.map((name, i) => [name, given[i]]));
      const conv = (t, name) => tf.add(tf.conv2d(t, p[`${name}.weight`], 1, "same"), p[`${name}.bias`]);
      const norm = (t, name) => {
        const { mean, variance } = tf.moments(t, [0, 1, 2]);
        const normalised = tf.div(tf.sub(t, mean), tf.sqrt(tf.add(variance, 1e-5)));
        const shared = tf.relu(conv(onehot, `${name}.mlp_shared.0`));
        const gamma = conv(shared, `${name}.mlp_gamma`);
        return tf.add(tf.mul(normalised, tf.add(gamma, 1)), conv(shared, `${name}.mlp_beta`));
      };
      const hidden = conv(tf.leakyRelu(norm(input, "norm_0"), 0.2), "conv_0");
      return tf.add(input, conv(tf.leakyRelu(norm(hidden, "norm_1"), 0.2), "conv_1"));
    };
    const input = upload(x);
    const gradients = tf.grads((...args) => tf.sum(tf.mul(block(...args), seed)));
    return {
      timed: () => gradients([input, ...values]),
      outputs: ([dx, ...grads]) => ({
        y: block(input, ...values),
        x: dx,
        ...Object.fromEntries(names.map((name, i) => [name, grads[i].rank === 4 ? oihw(grads[i]) : grads[i]])),
      }),
    };
  },
};

let work;

const answers = {
  async open({ work: name, tensors }) {
    if (!(await tf.setBackend("webgpu"))) throw new Error("the webgpu backend did not start");
    await tf.ready();
    tf.backend().device.addEventListener("uncapturederror", (event) => (deviceError ??= event.error));
    work = works[name](tensors);
    await done();
    return { version: tf.version_core };
  },
  async run({ repeats }) {
    const ms = [];
    let results = [];
    for (let i = 0; i < repeats; i++) {
      tf.dispose(results);
      const start = performance.now();
      results = tf.tidy(work.timed);
      await done();
      ms.push(performance.now() - start);
    }
    const named = tf.tidy(() => work.outputs(results));
    const outputs = {};
    for (const [name, t] of Object.entries(named))
      outputs[name] = { shape: t.shape, data: Float32Array.from(await t.data()) };
    tf.dispose([results, named]);
    return { ms, outputs };
  },
};

process.on("message", (message) => {
  answers[message.do](message).then(
    (reply) => process.send(reply),
    (error) => process.send({ error: String(error?.message ?? error) }),
  );
});
process.on("disconnect", () => process.exit(0));
