// bench:static: machine code is read right in both of its forms, results are put together and compared, and a pipeline compiles on the null
// device where RADV is installed.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { compare } from "../../bench/static/check.ts";
import { readCode } from "../../bench/static/code.ts";
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

/** A loop of LLVM's listing inside another, which has the longer code. */
const NESTED = lines(`BB0:
	s_mov_b32 s0, s3                                            ; be800003
BB1:
	buffer_load_b128 v[8:11], v5, s[4:7], 0 offen               ; e05c0000 80410805
	v_mad_u32_u24 v3, 9, v3, s5                                 ; d60b0003 00160689
	v_fmac_f32_e32 v1, v2, v3                                   ; 56125f2b
	v_fmac_f32_e32 v1, v2, v3                                   ; 56125f2b
	v_fmac_f32_e32 v1, v2, v3                                   ; 56125f2b
BB2:
	ds_load_b128 v[28:31], v7 offset:5120                       ; dbfc1400 1c000007
	s_waitcnt lgkmcnt(0)                                        ; bf89fc07
	v_fmac_f32_e32 v9, v43, v47                                 ; 56125f2b
	v_fma_f32 v10, v39, v47, v10                                ; 56145f27
	s_cbranch_scc0 BB2                                          ; bfa1ffec
	s_and_b64 exec, vcc, s[0:1]                                 ; 8bfe006a
	s_cbranch_execz BB4                                         ; bfa50016
BB3:
	s_branch BB1                                                ; bfa1ffec
BB4:
	v_fmac_f32_e32 v9, v43, v47                                 ; 56125f2b
	s_endpgm                                                    ; bfb00000
`);

test("the loop is the innermost one that multiplies and adds", () => {
  expect(readCode(NESTED)).toEqual({
    lanes: 64,
    hot: { isLoop: true, instructions: 5, multiplyAdd: 2, multiplyAdds: 2, ldsAccesses: 1, memory: 0, scalar: 0 },
  });
});

test("a loop that only copies, inside one that multiplies and adds, counts with it", () => {
  const copies = NESTED.map((line) => (/v_fma(c_f32_e32 v9|_f32 v10)/.test(line) ? "\tv_mov_b32_e32 v1, 0" : line));
  const { hot } = readCode(copies);
  expect(hot).toMatchObject({ isLoop: true, instructions: 13, multiplyAdd: 3, ldsAccesses: 1, memory: 1 });
});

test("ACO's text, printed where LLVM does not know a family, is read like LLVM's", () => {
  const { lanes, hot } = readCode(
    lines(`Shader disassembly is not supported in the current configuration, falling back to print_program.

After lowering to hw instructions:
ACO shader stage: SW (CS), HW (COMPUTE_SHADER)
BB0
/* logical preds: / linear preds: / kind: uniform, top-level, loop-preheader, */
	 s4: %10:s[4-7] = s_load_dwordx4 %8:s[2-3], 16
	 s2: %0:exec,  s1: %662:scc = s_and_b64 %429:vcc, %417:s[4-5]
BB1
/* logical preds: BB0, BB1, / linear preds: BB0, BB1, / kind: uniform, loop-header, */
	s_delay_alu salu_cycle_1 next valu_dep_1
	 v4: %23:v[8-11] = buffer_load_dwordx4 %10:s[4-7], %22:v[5], 0 offen storage:buffer semantics:private,reorder
	 s4: %25:s[8-11] = s_buffer_load_dwordx4 %10:s[4-7], %24:s[1] storage:buffer semantics:private,reorder
	 v1: %39:v[9] = v_fma_mix_f32 lo(%107:v[4]), 1.0, neg(0)
	 v1: %77:v[8] = v_fma_mix_f32 lo(%133:v[4]), %60:v[3], %51:v[8]
	 v1: %26:v[4] = v_fmac_f32 %59:s[8], %54:v[8], %16:v[4]
	s_cbranch_scc0 block:BB1
BB5
/* logical preds: BB1, / linear preds: BB1, / kind: uniform, top-level, loop-exit, */
	s_endpgm`),
  );
  expect(lanes).toBe(64);
  expect(hot).toEqual({
    isLoop: true,
    instructions: 7,
    multiplyAdd: 2,
    multiplyAdds: 2,
    ldsAccesses: 0,
    memory: 1,
    scalar: 1,
  });
});

test.each([
  ["v_fmac_f32_e32 v9, v43, v47", 1],
  ["v_fmaak_f32 v9, v43, v47, 0x1234", 1],
  ["v_mac_f32 v9, v43, v47", 1],
  ["v_fma_mix_f32 v30, v28, v2, 1.0 op_sel_hi:[1,0,0]", 1],
  ["v_pk_fma_f16 v1, v2, v3, v1", 2],
  ["v_dot2_f32_f16 v1, v2, v3, v1", 2],
  ["v_dual_fmac_f32 v4, v1, v2 :: v_dual_fmac_f32 v5, v1, v3", 2],
  ["v_dual_mov_b32 v4, v1 :: v_dual_fmac_f32 v5, v1, v3", 1],
  [
    " v1: %31:v[3] = v_dual_fmac_f32 %75:s[9], %70:v[13], %21:v[3] :: v1: %30:v[4] = v_dual_fmac_f32 %74:s[8], %69:v[12], %20:v[4]",
    2,
  ],
  // 16 * 16 * 16 in 64 lanes.
  ["v_wmma_f32_16x16x16_f16 v[0:7], v[8:15], v[16:23], v[0:7]", 64],
])("%s multiplies and adds once for the count, and %i times for a lane", (instruction, times) => {
  const { hot } = readCode([`\t${instruction} ; 00`]);
  expect([hot.multiplyAdd, hot.multiplyAdds]).toEqual([1, times]);
});

test.each([
  "v_mad_u32_u24 v3, 9, v3, s5",
  "v_mad_u64_u32 v[2:3], null, v4, v5, v[0:1]",
  "v_mul_f32_e32 v1, v2, v3",
  // From f16 to f32 and back.
  "v_fma_mix_f32 v30, v28, 1.0, neg(0) op_sel_hi:[1,0,0]",
  "v_fma_mixlo_f16 v1, 1.0, v22, neg(0) op_sel_hi:[0,0,1]",
  "v_dual_mov_b32 v4, v1 :: v_dual_add_f32 v5, v1, v3",
])("%s is no multiply-add", (instruction) => {
  expect(readCode([`\t${instruction}`]).hot.multiplyAdd).toBe(0);
});

test("without a loop that multiplies and adds, all of the code counts, and repeated instructions as often as they stand there", () => {
  const unrolled = lines(
    "BB0:\n\tv_fmac_f32_e32 v9, v43, v47\nBB1:\n\ts_nop 0\n\t(then repeated 3 times)\n\ts_cbranch_scc0 BB1",
  );
  expect(readCode(unrolled).hot).toMatchObject({ isLoop: false, instructions: 6, multiplyAdd: 1 });
});

test("where nothing multiplies and adds, the longest innermost loop counts", () => {
  const sums = lines(
    "BB0:\n\ts_nop 0\nBB1:\n\ts_cbranch_scc0 BB1\nBB2:\n\tv_add_f32_e32 v1, v2, v1\n\ts_cbranch_scc0 BB2",
  );
  expect(readCode(sums).hot).toMatchObject({ isLoop: true, instructions: 2 });
});

test("kernels for 32 lanes have masks of 32 bits", () => {
  expect(readCode(["\ts_and_saveexec_b32 s0, vcc_lo", "\ts_mov_b32 exec_lo, -1"]).lanes).toBe(32);
  expect(readCode(["\tv_dual_mov_b32 v4, v1 :: v_dual_fmac_f32 v5, v1, v3"]).lanes).toBe(32);
  // A mask's register may hold any number.
  expect(readCode(["\ts_max_u32 vcc_lo, s39, s40"]).lanes).toBe(64);
});

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
