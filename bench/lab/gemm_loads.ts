// Lesson: on a software adapter a matrix product is bound by its loads, not by its multiplications.
//
//   c[z] = a * b[z]      nine matrices, as a label table multiplies its rows by the nine taps of mlp_gamma
//
// The first gemm of this engine. A thread keeps 4 rows x 8 columns of c in registers. Per step of 4 terms it loads 4 vec4 of a and 8 vec4 of
// b for 128 multiply-adds: 10.7 a load.
// Expected: 32 sums in registers hide the loads, since neighbouring threads load the same vec4 from the cache.
// Measured (lavapipe 25.0.7, 2 cores, busy): 2.4 to 4.2 x the time of the production kernel, with the same bits.
// Why it lost: lavapipe turns the threads of a subgroup into the lanes of one vector instruction, but makes a storage load lane by lane. The
// production kernel (kernels/parts/gemm.ts, subgroup) lets lanes be rows. The lanes load 16 columns of b together, once, and pass them on
// with subgroupBroadcast, which costs a fraction of a load.
// On adapters without subgroups the production kernel is gemm_portable, on GPUs gemm_tiled: another comparison, of the same sums.

import { blockColumns } from "../../kernels/index.ts";
import { gemm } from "../../kernels/parts/gemm.ts";
import { span } from "../../kernels/parts/registers_wgsl.ts";
import { choose } from "../../kernels/parts/variants.ts";
import { normalValues } from "../../src/models/philox.ts";
import { ceilDiv, Graph, Program, read, write, type Tensor } from "../../src/runtime/index.ts";
import { entryOf, recorded, type Lesson } from "./contest.ts";
import text from "./gemm_loads.wgsl";

const ROWS = 4;

/** a [M,K] times b [Z,K,N], with K and N multiples of 4. */
function loadingGemm(g: Graph, a: Tensor, b: Tensor): Tensor {
  const [m, k] = a.shape;
  const [z, , n] = b.shape;
  const rows = span(ROWS);
  const c = g.temp("c", [z, m, n]);
  const product = (v: string, half: 0 | 1): string =>
    span(4)
      .map((i) => `${v}.${"xyzw"[i]} * w${i}${half}`)
      .join(" + ");
  g.dispatch({
    shader: { name: "gemm_loads", text },
    constants: {
      declare: rows
        .map((r) => `  var s${r} = vec4f(0.0); var t${r} = vec4f(0.0); let r${r} = min(row + ${r}u, $M - 1u) * $K4;`)
        .join("\n"),
      accumulate: rows
        .map((r) => `    let v${r} = a[r${r} + k]; s${r} += ${product(`v${r}`, 0)}; t${r} += ${product(`v${r}`, 1)};`)
        .join("\n"),
      store: rows
        .map(
          (r) =>
            `  if (row + ${r}u < $M) { let o = out + (row + ${r}u) * $N4; c[o + col] = s${r}; if (col + 1u < $N4) { c[o + col + 1u] = t${r}; } }`,
        )
        .join("\n"),
    },
    sizes: { M: m, K4: k / 4, N4: n / 4 },
    bindings: { a: read(a), b: read(b), c: write(c) },
    groups: [ceilDiv(m, 8 * ROWS), ceilDiv(n / 4, 16), z],
    flops: 2 * z * m * k * n,
  });
  return c;
}

export const gemmLoads: Lesson = {
  title: "a matrix product whose threads load all that they multiply",
  async *contests(device) {
    for (const [m, k, n, z] of [
      [4096, 128, 128, 9],
      [1024, 512, 256, 1],
    ]) {
      const values = { a: normalValues(1, m * k), b: normalValues(2, z * k * n) };
      // The layout that production reads is made beforehand, as in a model.
      const prepare = new Graph(device.target);
      const blocked = prepare.keep("blocked", blockColumns(prepare, { w: prepare.input("b", [z, k, n]) }));
      const prepared = await Program.compile(prepare, device, { name: "blocks" });
      await prepared.run({ inputs: { b: values.b } });
      const g = new Graph(device.target);
      const c = g.temp("c", [z, m, n]);
      const b = g.import(blocked);
      gemm(g, { a: g.input("a", [m, k]), b, c, batch: z, m, k4: k / 4, n4: n / 4, aBatch: 0, bBlocks: b.shape[1] });
      g.output("y", c);
      const program = await Program.compile(g, device, { name: "gemm" });
      program.setInput("a", values.a);
      yield {
        shape: `${z} x ${m}x${k}x${n}`,
        production: entryOf(`gemm ${choose("gemm", device.target, { z, m, k, n })}`, program, () => {
          program.dispose();
          prepared.dispose();
        }),
        lost: await recorded(
          device,
          "gemm_loads",
          (h) => loadingGemm(h, h.input("a", [m, k]), h.input("b", [z, k, n])),
          values,
        ),
        tolerance: 1e-5,
      };
    }
  },
};
