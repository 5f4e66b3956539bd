// The table for people: one row a kernel, or one for each different result of its sizes.

import { keyOf, shareOf, type Kernel, type Made } from "./kernels.ts";

/** Titles and cells of the columns. */
const COLUMNS: readonly (readonly [title: string, cell: (m: Made) => string | number])[] = [
  ["VGPRs", (m) => m.vgprs],
  ["spills", (m) => m.spills],
  ["scratch", (m) => m.scratch],
  ["waves", (m) => m.waves],
  ["LDS", (m) => m.lds],
  ["loop", (m) => (m.isLoop ? m.instructions : `(${m.instructions})`)],
  ["m-add", (m) => m.multiplyAdd],
  ["share", (m) => `${(100 * shareOf(m)).toFixed(0)} %`],
  ["a pass", (m) => m.multiplyAdds],
  ["lds", (m) => m.ldsAccesses],
  ["mem", (m) => m.memory],
];

export const EXPLANATION = `waves: of a SIMD. LDS: bytes a workgroup. Of the innermost loop (in brackets: no loop multiplies and adds, so all of the code): its
instructions, those that multiply and add, their share, the multiply-adds that a lane computes in a pass, LDS and memory instructions.
made: pipelines; a row is of the sizes with the most to compute. After a kernel's name: its dispatches by workload, in brackets the plan that
makes it run.`;

const places = (kernel: Kernel): string => {
  const used = Object.entries(kernel.workloads).map(([name, { dispatches }]) => `${name} ${dispatches}`);
  return `${kernel.plan ? `[${kernel.plan}] ` : ""}${used.join(", ")}`;
};

/** The lines. @param all a row for every different result, with the sizes of its largest */
export function table(kernels: readonly Kernel[], all: boolean): string[] {
  const row = (m: Made, pipelines: number, name: string): string[] => [
    ...COLUMNS.map(([, cell]) => String(cell(m))),
    String(pipelines),
    name,
  ];
  const rows = kernels.flatMap((kernel) => {
    if (all) return kernel.made.map((m) => row(m, m.pipelines, `${keyOf(kernel)}: ${m.sizes}`));
    const pipelines = kernel.made.reduce((sum, m) => sum + m.pipelines, 0);
    const name = [kernel.shader, kernel.types, kernel.options].filter(Boolean).join(", ");
    return [row(kernel.made[0], pipelines, `${name}: ${places(kernel)}`)];
  });
  const head = [...COLUMNS.map(([title]) => title), "made", "kernel"];
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((cells) => cells[i].length)));
  return [head, ...rows].map((cells) =>
    cells.map((cell, i) => (i === cells.length - 1 ? cell : cell.padStart(widths[i]))).join("  "),
  );
}
