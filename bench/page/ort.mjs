// ONNX Runtime web with the exported net: one-hot labels in, RGBA bytes out.

export async function open({ engine, model, classes }) {
  const ort = await import(`/ort/ort.${engine}.bundle.min.mjs`);
  ort.env.wasm.wasmPaths = "/ort/";
  // All cores: its own choice is half of them.
  ort.env.wasm.numThreads = navigator.hardwareConcurrency;
  const session = await ort.InferenceSession.create(model, { executionProviders: [engine], logSeverityLevel: 3 });
  return {
    async paint({ data, width, height }, style) {
      const size = width * height;
      const seg = new Float32Array(classes * size);
      for (let p = 0; p < size; p++) seg[data[p] * size + p] = 1;
      const { image } = await session.run({
        seg: new ort.Tensor("float32", seg, [1, classes, height, width]),
        z: new ort.Tensor("float32", style, [1, style.length]),
      });
      const values = await image.getData();
      const out = new Uint8ClampedArray(4 * size).fill(255);
      for (let p = 0; p < size; p++)
        for (let c = 0; c < 3; c++) out[4 * p + c] = Math.trunc(((values[c * size + p] + 1) / 2) * 255);
      return { data: out, width, height };
    },
  };
}
