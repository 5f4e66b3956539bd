// ONNX Runtime web's WebAssembly provider with the segmenter: a picture in, a class for each cell out.

export async function open({ model, threads }) {
  const ort = await import("/ort/ort.wasm.bundle.min.mjs");
  ort.env.wasm.wasmPaths = "/ort/";
  if (threads) ort.env.wasm.numThreads = threads;
  const session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
  return {
    threads: ort.env.wasm.numThreads,
    /** @param image ImageData in the net's size @returns classes, row by row */
    async cells({ data, width: size }) {
      const picture = new Float32Array(3 * size * size);
      for (let p = 0; p < size * size; p++)
        for (let c = 0; c < 3; c++) picture[c * size * size + p] = data[4 * p + c] / 127.5 - 1;
      const { logits } = await session.run({ picture: new ort.Tensor("float32", picture, [1, 3, size, size]) });
      const values = logits.data;
      const [, count, rows, columns] = logits.dims;
      const cells = rows * columns;
      const most = values.slice(0, cells);
      const classes = new Uint8Array(cells);
      for (let c = 1; c < count; c++)
        for (let p = 0, at = c * cells; p < cells; p++, at++)
          if (values[at] > most[p]) [most[p], classes[p]] = [values[at], c];
      return { classes, columns };
    },
  };
}
