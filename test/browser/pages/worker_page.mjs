// Starts worker.mjs. window.lib.ask(weights): the hash of a picture that the worker painted, or its error's message.

const worker = new Worker(new URL("worker.mjs", import.meta.url), { type: "module" });
const ask = (weights) =>
  new Promise((resolve) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => resolve(`the worker failed: ${message}`);
    worker.postMessage(weights);
  });
window.lib = { ask };
