// What a graph's dispatches need from the device: one pipeline each, and their sizes in one uniform buffer.

import type { Device } from "../device.ts";
import type { Graph } from "../graph.ts";
import type { PipelineRequest } from "../pipelines.ts";
import { placeSizes } from "../planner.ts";
import type { Storage } from "../tensor.ts";
import { expand, type BindingDecl } from "../wgsl.ts";

/** The requests of graphs that were asked for, and are compiled later. */
const asked = new WeakMap<Graph, PipelineRequest[]>();

/** The pipeline of each dispatch: expanded WGSL, sizes as constants or uniforms, and the access of each binding ("rrw"). */
export function pipelineRequests(graph: Graph, { pipelines }: Pick<Device, "pipelines">): PipelineRequest[] {
  const { sizesAs } = graph.target;
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
    const { shader, constants = {}, floats } = d;
    const wgsl = pipelines.text(JSON.stringify([shader.text, constants, decls, names, sizesAs, [...floats]]), () =>
      expand(shader, constants, decls, names, sizesAs, floats),
    );
    const used = sizesAs === "override" ? Object.fromEntries(names.map((n) => [n, d.sizes[n]])) : {};
    const layout =
      decls.map((b) => (b.access === "read" ? "r" : "w")).join("") + (sizesAs === "uniform" && names.length ? "u" : "");
    return { template: shader, wgsl, constants: used, layout };
  });
  asked.set(graph, requests);
  return requests;
}

/** Asks for the pipelines of a graph that will be compiled later; they are compiled meanwhile. */
export function requestPipelines(graph: Graph, device: Device): void {
  // Compiling the graph reports what fails here.
  for (const request of pipelineRequests(graph, device)) device.pipelines.get(request).catch(() => undefined);
}

/** Uploads all sizes of a graph into one uniform buffer; undefined if sizes are constants or no dispatch has any. */
export function packSizes(
  graph: Graph,
  device: Device,
  name: string,
): { storage: Storage; offsets: number[] } | undefined {
  const { offsets, bytes } = placeSizes(graph);
  if (!bytes) return undefined;
  const data = new Uint32Array(bytes / 4);
  graph.dispatches.forEach((d, i) => data.set(Object.values(d.sizes), offsets[i] / 4));
  const storage = device.alloc(`${name} sizes`, data.byteLength, 64 /* UNIFORM */ | 8 /* COPY_DST */);
  device.upload(storage, data);
  return { storage, offsets };
}
