// The runtime's interface to the other folders.

export type { Cut, CutSpec, Reduction } from "./cut.ts";
export * from "./device.ts";
export * from "./errors.ts";
export * from "./graph.ts";
export * from "./op.ts";
export * from "./planner.ts";
export * from "./program/profiler.ts";
export * from "./program/program.ts";
export { runPrograms, type RunOptions } from "./program/run.ts";
export { pipelineRequests, requestPipelines } from "./program/requests.ts";
export { exchanging, type Exchange } from "./program/exchange.ts";
export * from "./target.ts";
export * from "./tensor.ts";
export type { Template, TextConstants } from "./wgsl.ts";
export { polite } from "./yield.ts";
