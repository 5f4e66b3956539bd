// What a graph's dispatches need from the device: one pipeline each, and their sizes in one uniform buffer.

import type { Device } from "../device.ts";
import type { Graph } from "../graph.ts";
import type { PipelineRequest } from "../pipelines.ts";
import { placeSizes, uniformSizes } from "../planner.ts";
import type { Storage } from "../tensor.ts";
import { expand, type BindingDecl } from "../wgsl.ts";

/** The requests of graphs that were asked for, and are compiled later. */
const asked = new WeakMap<Graph, PipelineRequest[]>();

/** The pipeline of each dispatch: expanded WGSL, the sizes that are constants, and the access of each binding ("rrw"). */
export function pipelineRequests(graph: Graph, { pipelines }: Pick<Device, "pipelines">): PipelineRequest[] {
  const known = asked.get(graph);
  if (known?.length === graph.dispatches.length) return known;

  const requests = graph.dispatches.map((d) => {
    const decls: BindingDecl[] = Object.entries(d.bindings).map(([n, b]) => ({
      name: n,
      dtype: b.tensor.dtype,
      access: b.access,
      scalar: b.scalar,
    }));
    const names = Object.keys(d.sizes);
    const uniforms = uniformSizes(graph, d);
    const { shader, constants = {}, floats } = d;
    const wgsl = pipelines.text(JSON.stringify([shader.text, constants, decls, names, uniforms, [...floats]]), () =>
      expand(shader, constants, decls, names, uniforms, floats),
    );
    const used: Record<string, number> = {};
    if (graph.target.sizesAs !== "uniform") for (const n of names) if (!uniforms.includes(n)) used[n] = d.sizes[n];
    const layout = decls.map((b) => (b.access === "read" ? "r" : "w")).join("") + (uniforms.length ? "u" : "");
    return { template: shader, wgsl, constants: used, layout };
  });
  asked.set(graph, requests);
  return requests;
}

/**
 * Asks for the pipelines of graphs that will be compiled later; they are compiled meanwhile, several at a time. Those that take longest, which
 * are those with the longest texts, come first, so that none of them is left alone at the end.
 */
export function requestPipelines(graphs: readonly Graph[], device: Device): void {
  const requests = graphs.flatMap((graph) => pipelineRequests(graph, device));
  const weight = ({ wgsl }: PipelineRequest): number => wgsl.code.length;
  // Compiling the graphs reports what fails here.
  for (const request of requests.sort((a, b) => weight(b) - weight(a)))
    device.pipelines.get(request).catch(() => undefined);
}

/** Uploads all sizes of a graph into one uniform buffer; undefined if no dispatch has any that is no constant. */
export function packSizes(
  graph: Graph,
  device: Device,
  name: string,
): { storage: Storage; offsets: number[] } | undefined {
  const { offsets, bytes } = placeSizes(graph);
  if (!bytes) return undefined;
  const data = new Uint32Array(bytes / 4);
  graph.dispatches.forEach((d, i) =>
    data.set(
      uniformSizes(graph, d).map((n) => d.sizes[n]),
      offsets[i] / 4,
    ),
  );
  const storage = device.alloc(`${name} sizes`, data.byteLength, 64 /* UNIFORM */ | 8 /* COPY_DST */);
  device.upload(storage, data);
  return { storage, offsets };
}
