// Reads AMD machine code as RADV prints it, and counts the instructions of the loop where a kernel spends its time. Two forms: LLVM's
// disassembly ("v_fmac_f32_e32 v4, s8, v8  ; 56081008"), and ACO's own text where LLVM does not know the family
// ("v1: %26:v[4] = v_fmac_f32 %59:s[8], %54:v[8], %16:v[4]").

interface Instruction {
  readonly name: string;
  /** What follows the name: operands, and the other half of a dual instruction. */
  readonly rest: string;
}

/** Counts of a stretch of code. */
export interface Counts {
  instructions: number;
  /** Instructions that multiply and add; each counts once, whatever it computes. */
  multiplyAdd: number;
  /** Multiplications with an addition that those compute for a lane. */
  multiplyAdds: number;
  /** Instructions that read or write workgroup memory. */
  ldsAccesses: number;
  /** Instructions that read or write buffers or scratch, lane by lane. */
  memory: number;
  /** Loads into scalar registers. */
  scalar: number;
}

/**
 * The innermost loop with the most multiply-adds; all of the code if only what is outside loops multiplies and adds, or if nothing loops; if
 * nothing multiplies and adds, the longest innermost loop.
 */
export interface HotLoop extends Counts {
  readonly isLoop: boolean;
}

export interface Code {
  /** How many lanes an instruction computes. */
  readonly lanes: 32 | 64;
  readonly hot: HotLoop;
}

/** Floating-point: those of integers compute addresses. */
const MULTIPLY_ADD = /^v_(?:dual_)?(pk_)?(?:fma|mac|mad)[a-z]*_(?:[a-z0-9]+_)*b?f\d/;
const MIXED = /^v_(?:fma|mad)_mix/;
const DOT = /^v_(?:dual_)?dot(\d)/;
const MATRIX = /^v_(?:wmma|swmmac|mfma|smfmac)_\w*?(\d+)x(\d+)x(\d+)/;

/** The first two of the last three operands; LLVM writes the result before them. */
const factorsOf = (rest: string): string[] => rest.split(", ").slice(-3, -1);

/** Multiplications with an addition for a lane, of one instruction or of half a dual one. */
function multiplyAddsOf({ name, rest }: Instruction, lanes: number): number {
  const matrix = MATRIX.exec(name);
  if (matrix) return (Number(matrix[1]) * Number(matrix[2]) * Number(matrix[3])) / lanes;
  const dot = DOT.exec(name);
  if (dot) return Number(dot[1]);
  const found = MULTIPLY_ADD.exec(name);
  if (!found) return 0;
  // x * 1.0 - 0: that is how f16 is converted to f32.
  if (MIXED.test(name) && factorsOf(rest).includes("1.0")) return 0;
  return found[1] ? 2 : 1;
}

/** One, or the two of a dual instruction. */
function halves({ name, rest }: Instruction): Instruction[] {
  const [first, second] = rest.split(/\s*::\s*/);
  return [{ name, rest: first }, ...(second ? [instructionOf(withoutResults(second))] : [])];
}

const MEMORY = /^(?:t?buffer|global|flat|image|scratch)_(?:load|store|atomic)/;

function count(code: readonly Instruction[], lanes: number): Counts {
  const counts: Counts = {
    instructions: code.length,
    multiplyAdd: 0,
    multiplyAdds: 0,
    ldsAccesses: 0,
    memory: 0,
    scalar: 0,
  };
  for (const instruction of code) {
    const adds = halves(instruction).reduce((sum, half) => sum + multiplyAddsOf(half, lanes), 0);
    if (adds) counts.multiplyAdd++;
    counts.multiplyAdds += adds;
    if (instruction.name.startsWith("ds_")) counts.ldsAccesses++;
    else if (MEMORY.test(instruction.name)) counts.memory++;
    else if (/^s_(?:buffer_)?load/.test(instruction.name)) counts.scalar++;
  }
  return counts;
}

/** ACO's text without what stands before " = ". */
const withoutResults = (text: string): string => text.replace(/^.*? = /, "");

function instructionOf(text: string): Instruction {
  const [, name, rest] = /^(\S+)\s*(.*)$/.exec(text)!;
  return { name, rest };
}

interface Loop {
  /** First and last instruction. */
  readonly from: number;
  readonly to: number;
}

interface Listing {
  readonly code: Instruction[];
  /** Every branch back to a block that is not after it; of several to one block, the last. */
  readonly loops: Loop[];
}

function read(lines: readonly string[]): Listing {
  const code: Instruction[] = [];
  const blocks = new Map<string, number>();
  const ends = new Map<number, number>();
  for (const line of lines) {
    const block = /^(BB\d+):?$/.exec(line);
    if (block) blocks.set(block[1], code.length);
    if (!/^\s/.test(line)) continue;
    const repeated = /^\s+\(then repeated (\d+) times\)/.exec(line);
    if (repeated) code.push(...Array<Instruction>(Number(repeated[1])).fill(code[code.length - 1]));
    const text = withoutResults(line.replace(/\s*; [0-9a-f ]+$/, "")).trim();
    if (!/^[a-z]\w*( |$)|^\(invalid/.test(text)) continue;
    const instruction = instructionOf(text);
    const target = /^s_c?branch/.test(instruction.name) ? /\b(BB\d+)$/.exec(instruction.rest) : null;
    const from = target ? blocks.get(target[1]) : undefined;
    if (from !== undefined) ends.set(from, code.length);
    code.push(instruction);
  }
  return { code, loops: [...ends].map(([from, to]) => ({ from, to })) };
}

/**
 * Masks of lanes have as many bits as an instruction has lanes, and dual instructions are for 32. RADV makes kernels for 64, where nothing asks
 * for 32.
 */
function lanesOf(lines: readonly string[]): Code["lanes"] {
  const shows = (register: RegExp): boolean => lines.some((line) => register.test(line));
  if (shows(/\bexec\b/)) return 64;
  return shows(/\bexec_lo\b|\bv_cmp\w* vcc_lo\b|\bv_dual_/) ? 32 : 64;
}

const isInside = (inner: Loop, outer: Loop): boolean =>
  inner !== outer && inner.from >= outer.from && inner.to <= outer.to;

/** @param lines the machine code alone, without what stands around it */
export function readCode(lines: readonly string[]): Code {
  const { code, loops } = read(lines);
  const lanes = lanesOf(lines);
  const counted = loops.map((loop) => ({ loop, counts: count(code.slice(loop.from, loop.to + 1), lanes) }));
  const all = count(code, lanes);
  const busy = counted.filter(({ counts }) => counts.multiplyAdds || !all.multiplyAdds);
  const innermost = busy.filter(({ loop }) => !busy.some((other) => isInside(other.loop, loop)));
  const [hot] = innermost.sort(
    ({ counts: a }, { counts: b }) => b.multiplyAdds - a.multiplyAdds || b.instructions - a.instructions,
  );
  return { lanes, hot: hot ? { isLoop: true, ...hot.counts } : { isLoop: false, ...all } };
}
