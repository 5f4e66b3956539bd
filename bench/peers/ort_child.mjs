// One onnxruntime session. Messages: open { model, ep }, feed { inputs } sets the inputs of later runs, run { repeats }.
// A run's time is that of session.run, which uploads the inputs and reads the outputs back, as in any use of it.

import * as ort from "onnxruntime-node";

let session;
let feeds = {};

const answers = {
  async open({ model, ep }) {
    const start = performance.now();
    session = await ort.InferenceSession.create(model, { executionProviders: [ep], logSeverityLevel: 3 });
    return { ms: performance.now() - start };
  },
  async feed({ inputs }) {
    feeds = Object.fromEntries(
      Object.entries(inputs).map(([name, { shape, data }]) => [name, new ort.Tensor("float32", data, shape)]),
    );
    return {};
  },
  async run({ repeats }) {
    const ms = [];
    let results;
    for (let i = 0; i < repeats; i++) {
      const start = performance.now();
      results = await session.run(feeds);
      ms.push(performance.now() - start);
    }
    const outputs = Object.entries(results).map(([name, t]) => [name, { shape: [...t.dims], data: t.data }]);
    return { ms, outputs: Object.fromEntries(outputs) };
  },
};

process.on("message", (message) => {
  answers[message.do](message).then(
    (reply) => process.send(reply),
    (error) => process.send({ error: String(error?.message ?? error) }),
  );
});
process.on("disconnect", () => process.exit(0));
