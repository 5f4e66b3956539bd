// bench:static reads AMD's machine code in both of its forms, and finds the loop where the time goes.

import { expect, test } from "vitest";
import { readCode } from "../../bench/static/code.ts";

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
