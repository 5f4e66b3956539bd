// Lesson: sums by row want a list of who adds to the row, not atomics.
//
//   y[ids[p], c] += x[p, c] for all pixels p      the gradient of looking rows up: y = dtable, x = dy
//
// The obvious kernel: a thread a value of x, which adds it to its row. WGSL has no float atomics, so that the addition is a loop of
// compare-and-swap on the bits.
// Expected: slow where many pixels name one row (a map of one label), fair where rows are many.
// Measured (lavapipe 25.0.7, 2 cores, busy): 4 to 8 x the time on a real map, 5 to 12 x on a map of one label.
// Why it lost: every addition is a locked read and write of one number, where the production kernel (kernels/parts/segments.ts) adds in
// registers and stores a row once. It gets lists of each row's pixels from the host (src/labels/lists.ts, 1 ms for a map, not timed here: they
// are made with the dictionary), cuts long ones into parts and joins those in order. And the order of the additions is left to the
// scheduler: the note says how many values two runs of the lost kernel gave differently. The production kernel's bits are the same each time.

import { gradients } from "../../kernels/gradients.ts";
import { gatherRows } from "../../kernels/index.ts";
import { idLists } from "../../src/labels/lists.ts";
import { normalValues } from "../../src/models/philox.ts";
import { windowsOf } from "../../src/painting/windows.ts";
import type { Device, Graph, Tensor } from "../../src/runtime/index.ts";
import { demoMap } from "../lib/maps.ts";
import { BENCH_CONFIG } from "../lib/ours.ts";
import { recorded, type Entry, type Lesson } from "./contest.ts";
import text from "./scatter_cas.wgsl";

/** Bits of GPUBufferUsage, which Node does not define. */
const [MAP_READ, COPY_SRC, COPY_DST, STORAGE] = [0x1, 0x4, 0x8, 0x80];

/** Plain WebGPU: the runtime declares no atomics, because no kernel of ours has any. */
async function atomicScatter(device: Device, x: Float32Array, ids: Int32Array, rows: number): Promise<Entry> {
  const { gpu } = device;
  const c = x.length / ids.length;
  const filled = (data: Float32Array | Int32Array): GPUBuffer => {
    const buffer = gpu.createBuffer({ size: data.byteLength, usage: STORAGE | COPY_DST });
    gpu.queue.writeBuffer(buffer, 0, data as Float32Array<ArrayBuffer>);
    return buffer;
  };
  const y = gpu.createBuffer({ size: rows * c * 4, usage: STORAGE | COPY_SRC | COPY_DST });
  const staging = gpu.createBuffer({ size: y.size, usage: MAP_READ | COPY_DST });
  const buffers = [filled(x), filled(ids), y];
  const pipeline = await gpu.createComputePipelineAsync({
    layout: "auto",
    compute: { module: gpu.createShaderModule({ code: text }), constants: { C: c, N: x.length } },
  });
  const group = gpu.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
  const workgroups = Math.ceil(x.length / 64);
  const layers = Math.ceil(workgroups / 65535);
  const submit = (encode: (encoder: GPUCommandEncoder) => void): Promise<unknown> => {
    const encoder = gpu.createCommandEncoder();
    encode(encoder);
    gpu.queue.submit([encoder.finish()]);
    return device.wait(gpu.queue.onSubmittedWorkDone());
  };
  return {
    name: "scatter_cas",
    async run() {
      await submit((encoder) => {
        encoder.clearBuffer(y);
        const pass = encoder.beginComputePass();
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(Math.ceil(workgroups / layers), layers);
        pass.end();
      });
    },
    async read() {
      await submit((encoder) => encoder.copyBufferToBuffer(y, 0, staging, 0, y.size));
      await device.wait(staging.mapAsync(1));
      const values = new Float32Array(staging.getMappedRange().slice(0));
      staging.unmap();
      return values;
    },
    dispose: () => [...buffers, staging].forEach((b) => b.destroy()),
  };
}

export const scatterCas: Lesson = {
  title: "sums by row with compare-and-swap",
  async *contests(device) {
    const map = demoMap();
    const plain = { ...map.label, data: new Uint8Array(map.label.data.length) };
    const c = 64;
    for (const [name, label, instance] of [
      ["map 1993", map.label, map.instance],
      ["a map of one label", plain, plain],
    ] as const) {
      const { outerIds: ids, outerCount: rows } = windowsOf(BENCH_CONFIG, [label], [instance]).at(-1)!;
      const x = normalValues(1, ids.length * c);
      const host = idLists(ids, rows);
      const record = (g: Graph): Tensor => {
        const list = (key: keyof typeof host, shape: number[]): Tensor => g.input(key, shape, "i32");
        const lists = {
          order: list("order", [host.order.length]),
          rows: list("rows", [host.rows.length / 2, 2]),
          parts: list("parts", [host.parts.length / 4, 4]),
        };
        const table = g.input("table", [rows, c]);
        const y = gatherRows(g, { table, ids: g.input("ids", [ids.length], "i32"), lists });
        const dy = g.input("x", [ids.length, c]);
        // Only the gradient is run: it reads neither table nor ids.
        g.dispatches.length = 0;
        return gradients(g, new Map([[y, dy]]), [table]).get(table)!;
      };
      const lost = await atomicScatter(device, x, ids, rows);
      const values = { x, ...host, table: new Float32Array(rows * c), ids };
      yield {
        shape: `${ids.length} x ${c} values to ${rows} rows, ${name}`,
        production: await recorded(device, "segments", record, values),
        lost,
        tolerance: 1e-4,
        async note() {
          const first = await lost.read();
          await lost.run();
          const second = await lost.read();
          return `two runs of scatter_cas differ in ${first.filter((v, i) => v !== second[i]).length} of ${first.length} values`;
        },
      };
    }
  },
};
