// The labeler in the page, in the package's worker, and in a worker of the page's own, under test.

import * as labeler from "/dist/labeler.js";
import * as inWorker from "/dist/labeler_worker.js";

/** A map as it leaves the page. */
const plain = ({ data, width, height, confidence }) => ({
  data: [...data],
  width,
  height,
  confidence: [...confidence],
});

/** Labels a photo in a worker that imports the package itself. @returns the map, or the error's message */
const inOwnWorker = (job) =>
  new Promise((resolve) => {
    const worker = new Worker(new URL("labeler_own_worker.mjs", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }) => resolve(data.map ? plain(data.map) : data.error);
    worker.onerror = ({ message }) => resolve(`the worker failed: ${message}`);
    worker.postMessage(job);
  });

const image = ({ data, width, height }) => new ImageData(Uint8ClampedArray.from(data), width, height);

Object.assign(window, { lib: { ...labeler, createInWorker: inWorker.createLabeler, inOwnWorker, plain, image } });
