// WGSL text of sums that a thread keeps in registers, for kernels without workgroup memory.
//
// Text is generated only for kernels that share values by subgroupBroadcast, which takes no variable as the lane's number, and whose
// number of sums depends on the adapter's subgroup size. Everything that needs no literal stands in the .wgsl files as a function
// that the generated text calls; the header of each file lists the names that both sides use.

/** 0 to n - 1. */
export const span = (n: number): number[] => [...Array(n).keys()];

/** Declares rows * columns sums of f32, named s{row}_{column}. */
export function declareSums(rows: number, columns: number): string {
  const sums = span(rows).flatMap((row) => span(columns).map((column) => `var s${row}_${column} = 0.0;`));
  return linesOf(sums, 6);
}

/** Statements as lines of at most `perLine` of them. */
export const linesOf = (statements: readonly string[], perLine: number, indent = "  "): string =>
  span(Math.ceil(statements.length / perLine))
    .map((line) => indent + statements.slice(line * perLine, (line + 1) * perLine).join(" "))
    .join("\n");

/** vec4f of the sums of columns 4 * quad to 4 * quad + 3 of a row. */
export const sumQuad = (row: number, quad: number): string =>
  `vec4f(${span(4)
    .map((e) => `s${row}_${4 * quad + e}`)
    .join(", ")})`;
