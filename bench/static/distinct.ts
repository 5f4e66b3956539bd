// The distinct pipelines of recordings: in the default variant of every op, and in every other one that the adapter can run.

import { canRun, VARIANTS, variantNames, type VariantOp } from "../../kernels/parts/variants.ts";
import type { Device, Dispatch, Target } from "../../src/runtime/index.ts";
import type { PipelineRequest } from "../../src/runtime/pipelines.ts";
import { pipelineRequests } from "../../src/runtime/program/requests.ts";
import type { Workload } from "./workloads.ts";

/** How often a workload dispatches a pipeline, and what those dispatches multiply and add in all. */
export interface Use {
  dispatches: number;
  flops: number;
}

/** What is known of a pipeline before it is compiled. */
export interface PipelineInfo {
  readonly shader: string;
  /** Types of the bound tensors in order, each once: "f16 f32". */
  readonly types: string;
  /** Text constants that are switched on: "blocked bias". */
  readonly options: string;
  /** Numbers in the text, and sizes: "UP=2 M=4096 K4=16". */
  readonly sizes: string;
  /** The plan entry that makes it run, "conv2d=direct"; "" if it runs without a plan. */
  readonly plan: string;
  /** By workload, under that plan. */
  readonly uses: Readonly<Record<string, Use>>;
}

export interface Pipeline {
  readonly info: PipelineInfo;
  readonly request: PipelineRequest;
}

/** Plans of one entry each, for every variant that the adapter can run. */
const plans = (target: Target): Record<string, string>[] =>
  (Object.keys(VARIANTS) as VariantOp[]).flatMap((op) =>
    variantNames(op)
      .filter((name) => canRun(op, name, target))
      .map((name) => ({ [op]: name })),
  );

/** Text constants that are neither switches nor numbers are code. */
function describeDispatch(d: Dispatch): Omit<PipelineInfo, "plan" | "uses"> {
  const constants = Object.entries(d.constants ?? {});
  const numbers = [...constants.filter(([, v]) => typeof v === "number"), ...Object.entries(d.sizes)];
  return {
    shader: d.shader.name,
    types: [...new Set(Object.values(d.bindings).map((b) => b.tensor.dtype))].join(" "),
    options: constants.flatMap(([name, v]) => (v === true ? [name] : [])).join(" "),
    sizes: numbers.map(([name, n]) => `${name}=${n}`).join(" "),
  };
}

/** Collects pipelines, each once, under the first plan that makes it run. */
class Collector {
  private readonly found = new Map<string, { pipeline: Pipeline; uses: Record<string, Use> }>();

  add(workload: string, plan: string, dispatch: Dispatch, request: PipelineRequest): void {
    const key = `${request.layout}\n${JSON.stringify(request.constants)}\n${request.wgsl.code}`;
    let entry = this.found.get(key);
    if (!entry) {
      const uses = {};
      const pipeline = { info: { ...describeDispatch(dispatch), plan, uses }, request };
      this.found.set(key, (entry = { pipeline, uses }));
    }
    if (entry.pipeline.info.plan !== plan) return;
    const use = (entry.uses[workload] ??= { dispatches: 0, flops: 0 });
    use.dispatches++;
    use.flops += dispatch.flops;
  }

  get pipelines(): Pipeline[] {
    return [...this.found.values()].map((entry) => entry.pipeline);
  }
}

/**
 * All pipelines of the workloads, each once, those that run without a plan first.
 * @param device its pipeline cache keeps the expanded texts; nothing is compiled
 */
export function distinctPipelines(
  workloads: readonly Workload[],
  device: Pick<Device, "target" | "pipelines">,
): Pipeline[] {
  const collector = new Collector();
  for (const variants of [{}, ...plans(device.target)]) {
    const plan = Object.entries(variants)
      .map(([op, name]) => `${op}=${name}`)
      .join();
    for (const workload of workloads)
      for (const graph of workload.record({ ...device.target, variants }))
        pipelineRequests(graph, device).forEach((request, i) =>
          collector.add(workload.name, plan, graph.dispatches[i], request),
        );
  }
  return collector.pipelines;
}
