// bench:static: what the driver prints is read, put together and compared, and a pipeline compiles on the null device where RADV is installed.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { compare } from "../../bench/static/check.ts";
import { distinctPipelines, type PipelineInfo } from "../../bench/static/distinct.ts";
import { MARK, readDump, type Compiled, type Events } from "../../bench/static/dump.ts";
import { kernelsOf, type Kernel } from "../../bench/static/kernels.ts";
import { compileOn, whyNot } from "../../bench/static/spawn.ts";
import { table } from "../../bench/static/table.ts";
import { workloads } from "../../bench/static/workloads.ts";
import { deriveWeights } from "../../kernels/conv/conv2d.ts";
import { conv2d } from "../../kernels/index.ts";
import { BASE_LIMITS, Graph, paperTarget } from "../../src/runtime/index.ts";
import { PipelineCache } from "../../src/runtime/pipelines.ts";

/** Room for a batch of COCO's net, as hardware has it. */
const LIMITS = {
  ...BASE_LIMITS,
  maxBufferSize: 2 ** 30,
  maxStorageBufferBindingSize: 2 ** 30,
  maxStorageBuffersPerShaderStage: 10,
};

const lines = (text: string): string[] => text.split("\n");

const info = (over: Partial<PipelineInfo> = {}): PipelineInfo => ({
  shader: "gemm",
  types: "f16",
  options: "",
  sizes: "M=1",
  plan: "",
  uses: { coco: { dispatches: 2, flops: 100 } },
  ...over,
});

const STATS = (vgprs: number): string => `*** SHADER STATS ***
SGPRs: 128
VGPRs: ${vgprs}
Spilled SGPRs: 1
Spilled VGPRs: 2
LDS size: 512
Scratch size: 16
Subgroups per SIMD: 24
Instructions: 36
********************`;
const DUMP = `some warning
${MARK}driver "radv: Mesa 25"
${MARK}count 1
${MARK}pipeline ${JSON.stringify(info())}
div 32 %51 = ffma %115.x, %107.x, %92
disasm:
BB0:
	s_and_b64 exec, vcc, s[0:1]
	v_fmac_f32_e32 v9, v43, v47

Compute Shader:
${STATS(60)}

${MARK}end null
${MARK}done null`;

/** Reads a child's text. @returns what happened */
async function happened(text: string): Promise<unknown[]> {
  const out: unknown[] = [];
  const events: Events = {
    begin: (driver, count) => void out.push([driver, count]),
    compiled: ({ info: { shader }, figures, code }) => void out.push([shader, figures, code.hot.multiplyAdd]),
  };
  await readDump(
    (async function* () {
      yield* lines(text);
    })(),
    events,
  );
  return out;
}

test("a child's stderr gives the driver, and of every pipeline its figures and its code", async () => {
  const figures = {
    vgprs: 60,
    spilledVgprs: 2,
    spilledSgprs: 1,
    scratch: 16,
    lds: 512,
    subgroups: 24,
    instructions: 36,
  };
  expect(await happened(DUMP)).toEqual([
    ["radv: Mesa 25", 1],
    ["gemm", figures, 1],
  ]);
});

test.each([
  [
    "a child that ends early",
    DUMP.replace(`${MARK}done null`, "Error: no GPU\n    at main"),
    /ended early \(Error: no GPU\)/,
  ],
  [
    "a pipeline that does not compile",
    DUMP.replace("end null", 'failed "bad WGSL"'),
    /gemm M=1: did not compile; bad WGSL/,
  ],
  ["a driver without machine code", DUMP.replace("disasm:", "assembly:"), /printed no machine code for gemm M=1/],
  ["a driver without a figure", DUMP.replace("VGPRs: 60", ""), /printed no "VGPRs" for gemm M=1/],
])("%s is an error", async (_, text, message) => {
  await expect(happened(text)).rejects.toThrow(message);
});

/** A compiled pipeline whose hot loop has this many multiply-adds among 100 instructions. */
const compiled = (multiplyAdd: number, over: Partial<PipelineInfo> = {}, spilledVgprs = 0): Compiled => ({
  info: info(over),
  figures: { vgprs: 60, spilledVgprs, spilledSgprs: 0, scratch: 0, lds: 0, subgroups: 24, instructions: 200 },
  code: {
    lanes: 64,
    hot: {
      isLoop: true,
      instructions: 100,
      multiplyAdd,
      multiplyAdds: 2 * multiplyAdd,
      ldsAccesses: 3,
      memory: 4,
      scalar: 5,
    },
  },
});
const flops = (n: number): Pick<PipelineInfo, "uses"> => ({ uses: { coco: { dispatches: 1, flops: n } } });

test("sizes that compile alike make one row, under the sizes with the most to compute; waves are of 64 lanes", () => {
  const sizes = [
    compiled(50),
    compiled(50, { sizes: "M=2", ...flops(300) }),
    compiled(20, { sizes: "M=3", ...flops(600) }),
  ];
  const [kernel, ...others] = kernelsOf(sizes, "navi31");
  expect(others).toEqual([]);
  expect(kernel.workloads).toEqual({ coco: { pipelines: 3, dispatches: 4 } });
  expect(kernel.made.map((m) => [m.sizes, m.pipelines, m.flops, m.waves])).toEqual([
    ["M=3", 1, 600, 12],
    ["M=2", 2, 400, 12],
  ]);
  expect(kernel.rate.mean).toBeCloseTo((400 * 1 + 600 * 0.4) / 1000);
  expect(kernel.rate.least).toBe(0.4);
  // Before RDNA they are counted as they are.
  expect(kernelsOf(sizes, "vega20")[0].made[0].waves).toBe(24);
});

test("the table has a row a kernel, or one for every different result", () => {
  const kernels = kernelsOf(
    [compiled(50), compiled(20, { sizes: "M=2" }), compiled(1, { plan: "gemm=portable" })],
    "navi31",
  );
  expect(table(kernels, false)).toHaveLength(3);
  expect(table(kernels, true)).toHaveLength(4);
  expect(table(kernels, false)[1]).toMatch(/ 60 +0 +0 +12 +0 +100 +50 +50 % +100 +3 +4 +2 {2}gemm, f16: coco 4$/);
  expect(table(kernels, false)[2]).toMatch(/gemm, f16: \[gemm=portable\] coco 2$/);
});

describe("the check", () => {
  const kernels = (...list: Compiled[]): Kernel[] => kernelsOf(list, "navi31");
  const before = kernels(compiled(50, flops(900)), compiled(20, { sizes: "M=2" }));

  test("holds for what is equal, or a little less", () => {
    expect(compare(before, kernels(compiled(46, flops(900)), compiled(19, { sizes: "M=2" })))).toEqual({
      failures: [],
      notes: [],
    });
  });

  test.each([
    ["a spill", [compiled(50, flops(900)), compiled(20, { sizes: "M=2" }, 7)], ["has 7 spilled registers (M=2)"]],
    [
      "a mean of multiply-adds for each instruction that fell by more than a tenth",
      [compiled(44, flops(900)), compiled(20, { sizes: "M=2" })],
      ["its mean number of multiply-adds for each instruction of the hot loop fell from 0.94 to 0.83"],
    ],
    [
      "a least number of them that fell by more than a tenth",
      [compiled(50, flops(900)), compiled(17, { sizes: "M=2" })],
      ["its least number of multiply-adds for each instruction of the hot loop fell from 0.40 to 0.34"],
    ],
  ])("fails for %s", (_, now, failures) => {
    expect(compare(before, kernels(...now)).failures).toEqual(failures.map((text) => `gemm, f16: ${text}`));
  });

  test("holds where fewer instructions multiply and add twice as often", () => {
    const dual = (c: Compiled): Compiled => ({
      ...c,
      code: { ...c.code, hot: { ...c.code.hot, multiplyAdd: c.code.hot.multiplyAdd / 2 } },
    });
    const now = kernels(dual(compiled(50, flops(900))), dual(compiled(20, { sizes: "M=2" })));
    expect(compare(before, now).failures).toEqual([]);
  });

  test("does not fail for a spill that was there, and notes what is new or gone", () => {
    const spilled = kernels(compiled(50, {}, 7));
    expect(compare(spilled, kernels(compiled(50, {}, 9))).failures).toEqual([]);
    expect(compare(spilled, kernels(compiled(50, { types: "f32" }))).notes).toEqual([
      "gemm, f32: is new",
      "gemm, f16: is gone",
    ]);
  });
});

test("every variant that the adapter can run makes its pipelines, each once", () => {
  const target = paperTarget({ software: false });
  const record = (t: typeof target): Graph[] => {
    const g = new Graph(t);
    const [x, w] = [g.input("x", [1, 8, 8, 16]), g.input("w", [9, 16, 16])];
    const copies = deriveWeights(g, w, { k: 3, h: 8, w: 8 });
    for (let i = 0; i < 2; i++) conv2d(g, { x, w, kh: 3, kw: 3, pad: 1, ...copies });
    return [g];
  };
  const device = { target, pipelines: new PipelineCache(undefined as unknown as GPUDevice) };
  const found = distinctPipelines([{ name: "two convs", record }], device).map(({ info: i }) => [
    i.shader,
    i.plan,
    i.uses["two convs"].dispatches,
  ]);
  expect(found).toEqual([
    ["winograd_weights", "", 1],
    ["winograd_input", "", 2],
    ["gemm_tiled", "", 2],
    ["winograd_output", "", 2],
    ["gemm_portable", "gemm=portable", 2],
    ["conv2d_direct", "conv2d=direct", 2],
  ]);
});

test("painting and training are recorded on paper", async () => {
  const all = await workloads();
  expect(all.map(({ name }) => name)).toEqual(["coco", "coco f32", "street", "landscape", "training"]);
  for (const { record } of all) {
    const dispatches = record(paperTarget({ software: false, limits: LIMITS })).flatMap((g) => g.dispatches);
    expect(dispatches.map((d) => d.shader.name)).toContain("gemm_tiled");
  }
});

test("COCO's net needs under 60 pipelines on a GPU, and as many for other sizes of tables", async () => {
  const [coco] = await workloads();
  const target = paperTarget({ software: false, sizesAs: "mixed", features: new Set(["shader-f16"]), limits: LIMITS });
  const device = { target, pipelines: new PipelineCache(undefined as unknown as GPUDevice) };
  const found = distinctPipelines([coco], device).filter(({ info: i }) => !i.plan);
  expect(found.length).toBeGreaterThan(20);
  expect(found.length).toBeLessThan(60);
  const tables = found.filter(({ info: i }) => i.shader === "gemm_tiled" && i.options.includes("picked"));
  expect(tables).toHaveLength(1);
});

test.skipIf(process.platform !== "linux")(
  "what is missing is said in one line, with the command that installs it",
  () => {
    const script = 'import("./scripts/null/null_device.mjs").then((m) => console.log(m.whyNot()))';
    const { stdout } = spawnSync(process.execPath, ["-e", script], {
      cwd: fileURLToPath(new URL("../..", import.meta.url)),
      env: { PATH: "" },
      encoding: "utf8",
    });
    expect(stdout).toMatch(
      /^the null device needs [^\n]*gcc[^\n]*; (run "sudo apt-get [^\n]* gcc|install [^\n]*gcc)[^\n]*\n$/,
    );
  },
);

test.skipIf(whyNot() !== "")(
  "a pipeline compiles on the null device (needs RADV, gcc and Vulkan's headers)",
  async () => {
    const found: Compiled[] = [];
    let driver = "";
    await compileOn(
      "navi31",
      { shader: "gemm_tiled", workload: "coco", most: 1 },
      { begin: (name) => void (driver = name), compiled: (pipeline) => void found.push(pipeline) },
    );
    expect(driver).toMatch(/Mesa/);
    expect(found).toHaveLength(1);
    const [{ figures, code }] = found;
    expect(figures.vgprs).toBeGreaterThan(16);
    // Two tiles of 320 vec4.
    expect(figures.lds).toBe(2 * 320 * 16);
    // 4x4 results a thread, 16 k a pass.
    expect(code.hot).toMatchObject({ isLoop: true, multiplyAdds: 256 });
  },
);
