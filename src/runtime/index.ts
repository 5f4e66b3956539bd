// The runtime's interface to the other folders.

export * from "./device.ts";
export * from "./errors.ts";
export * from "./graph.ts";
export * from "./op.ts";
export * from "./planner.ts";
export * from "./profiler.ts";
export * from "./program.ts";
export * from "./target.ts";
export * from "./tensor.ts";
export type { Template, TextConstants } from "./wgsl.ts";
