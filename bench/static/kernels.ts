// Puts compiled pipelines together by kernel: the sizes of a shader are constants, so that one kernel makes many pipelines.

import type { Compiled } from "./dump.ts";
import type { HotLoop } from "./code.ts";

/** What the compiler made of one or several sizes. */
export interface Made extends HotLoop {
  /** Pipelines that came out so, and the sizes of the one with the most to compute. */
  pipelines: number;
  sizes: string;
  /** Multiplications and additions of all their dispatches. */
  flops: number;
  vgprs: number;
  /** Registers that did not fit: vector and scalar ones. */
  spills: number;
  /** Bytes a lane of private memory, for spilled registers and for arrays. */
  scratch: number;
  lds: number;
  lanes: number;
  /** The most that one SIMD holds at a time. */
  waves: number;
  /** Of the whole program. */
  size: number;
}

export interface Kernel {
  readonly shader: string;
  readonly types: string;
  readonly options: string;
  /** The plan entry that makes it run; "" if it runs without a plan. */
  readonly plan: string;
  /** By workload, in all sizes. */
  readonly workloads: Record<string, { pipelines: number; dispatches: number }>;
  /** Multiply-adds of a lane for each instruction of the hot loop: the mean by flops, and the least. */
  rate: { mean: number; least: number };
  /** That with the most to compute first. */
  readonly made: Made[];
}

/** How many of the hot loop's instructions multiply and add. */
export const shareOf = ({ multiplyAdd, instructions }: HotLoop): number => multiplyAdd / instructions;

/** The share, with each instruction counted as often as it multiplies and adds: two in one are better, though their share is smaller. */
const rateOf = ({ multiplyAdds, instructions }: HotLoop): number => multiplyAdds / instructions;

/** GPUs from RDNA on run 32 lanes at a time; RADV counts their waves as if each had 32. */
const isRdna = (family: string): boolean => /^(navi|gfx1)/.test(family);

function madeOf({ info, figures, code }: Compiled, family: string): Made {
  const { vgprs, scratch, lds, subgroups, instructions, spilledSgprs, spilledVgprs } = figures;
  return {
    pipelines: 1,
    sizes: info.sizes,
    flops: Object.values(info.uses).reduce((sum, use) => sum + use.flops, 0),
    vgprs,
    spills: spilledVgprs + spilledSgprs,
    scratch,
    lds,
    lanes: code.lanes,
    waves: isRdna(family) ? subgroups / (code.lanes / 32) : subgroups,
    size: instructions,
    ...code.hot,
  };
}

/** Adds to what came out the same for other sizes. */
function addTo(list: Made[], made: Made, largest: Map<Made, number>): void {
  const text = ({ pipelines: _, sizes: __, flops: ___, ...rest }: Made): string => JSON.stringify(rest);
  const same = list.find((m) => text(m) === text(made));
  if (!same) {
    list.push(made);
    largest.set(made, made.flops);
    return;
  }
  same.pipelines++;
  same.flops += made.flops;
  if (made.flops <= largest.get(same)!) return;
  same.sizes = made.sizes;
  largest.set(same, made.flops);
}

export function kernelsOf(compiled: readonly Compiled[], family: string): Kernel[] {
  const kernels = new Map<string, Kernel>();
  const largest = new Map<Made, number>();
  for (const pipeline of compiled) {
    const { shader, types, options, plan, uses } = pipeline.info;
    const key = keyOf({ shader, types, options, plan });
    let kernel = kernels.get(key);
    if (!kernel) {
      kernel = { shader, types, options, plan, workloads: {}, rate: { mean: 0, least: 0 }, made: [] };
      kernels.set(key, kernel);
    }
    for (const [workload, { dispatches }] of Object.entries(uses)) {
      const sum = (kernel.workloads[workload] ??= { pipelines: 0, dispatches: 0 });
      sum.pipelines++;
      sum.dispatches += dispatches;
    }
    addTo(kernel.made, madeOf(pipeline, family), largest);
  }
  for (const kernel of kernels.values()) {
    kernel.made.sort((a, b) => b.flops - a.flops || b.pipelines - a.pipelines);
    kernel.rate = ratesOf(kernel.made);
  }
  return [...kernels.values()].sort((a, b) => flopsOf(b) - flopsOf(a) || keyOf(a).localeCompare(keyOf(b)));
}

export const keyOf = ({
  shader,
  types,
  options,
  plan,
}: Pick<Kernel, "shader" | "types" | "options" | "plan">): string =>
  [shader, types, options, plan].filter(Boolean).join(", ");

const flopsOf = ({ made }: Kernel): number => made.reduce((sum, m) => sum + m.flops, 0);

function ratesOf(made: readonly Made[]): Kernel["rate"] {
  // Where nothing is said to be computed, pipelines count equally.
  const weight = (m: Made): number => (made.some(({ flops }) => flops) ? m.flops : m.pipelines);
  const all = made.reduce((sum, m) => sum + weight(m), 0);
  return {
    mean: made.reduce((sum, m) => sum + weight(m) * rateOf(m), 0) / all,
    least: Math.min(...made.map(rateOf)),
  };
}
