// WGSL text of sums that a thread keeps in registers, for kernels without workgroup memory.

/** 0 to n - 1. */
export const span = (n: number): number[] => [...Array(n).keys()];

/** Declares rows * columns scalar sums, sROW_COLUMN. */
export const declareSums = (rows: number, columns: number): string =>
  span(rows)
    .map(
      (i) =>
        `  ${span(columns)
          .map((n) => `var s${i}_${n} = 0.0;`)
          .join(" ")}`,
    )
    .join("\n");

/**
 * Sums of PX pixels times 2 vec4 of channels, aPIXEL and bPIXEL, and a step of four channels with the weights w00 to w31.
 * @param load WGSL of the vec4 that pixel p reads; it counts where inPIXEL is 1
 */
export const pixelPairs = (
  PX: number,
  load: (p: number) => string,
): Record<"PX" | "declare" | "accumulate", string | number> => ({
  PX,
  declare: span(PX)
    .map((p) => `  var a${p} = vec4f(0.0); var b${p} = vec4f(0.0);`)
    .join("\n"),
  accumulate: span(PX)
    .map(
      (p) =>
        `        let v${p} = vec4f(${load(p)}) * in${p}; a${p} += v${p}.x * w00 + v${p}.y * w10 + v${p}.z * w20 + v${p}.w * w30; b${p} += v${p}.x * w01 + v${p}.y * w11 + v${p}.z * w21 + v${p}.w * w31;`,
    )
    .join("\n"),
});
