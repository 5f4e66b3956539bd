// Memory planning: assigns every temporary an arena (a buffer) and an offset, before anything is allocated.
//
// Greedy by size over lifetimes (Pisarchyk and Lee, arXiv 2001.03288): the largest tensor first, at the lowest offset that is
// free during its lifetime. Also graph colouring: WebGPU forbids one buffer in a dispatch both as `read` and as `read_write`, even on
// disjoint ranges, so a tensor that a dispatch writes never shares an arena with another tensor that the dispatch binds.

import { SpadeError } from "./errors.ts";
import type { Dispatch, Graph } from "./graph.ts";
import { beyondLimit } from "./target.ts";
import { aligned, describe, type Tensor } from "./tensor.ts";

export interface Placement {
  readonly tensor: Tensor;
  readonly arena: number;
  readonly offset: number;
  /** First and last dispatch that binds the tensor. */
  readonly from: number;
  readonly to: number;
}

export interface MemoryPlan {
  readonly placements: Map<number, Placement>;
  /** Bytes of each arena. */
  readonly arenas: number[];
  /** Bytes of kept tensors and of the buffers of cuts. */
  readonly kept: number;
  /** Bytes of parameters and other programs' tensors that this program binds, each counted once. */
  readonly external: number;
  /** Bytes of the buffers through which outputs and the values of cuts are read back. */
  readonly staging: number;
  /** Bytes of the uniform buffer that holds every dispatch's sizes; 0 where sizes are pipeline constants. */
  readonly sizes: number;
  /** arenas + kept + staging + sizes: what the program allocates. */
  readonly peak: number;
}

interface Life {
  from: number;
  to: number;
}

/**
 * Lifetimes in dispatch numbers; outputs live to the end. Inputs live throughout: an input omitted from a run keeps its last
 * value, and setting one for the next run must not overwrite an output that is not read yet.
 */
function lifetimes(graph: Graph): Map<Tensor, Life> {
  const lives = new Map<Tensor, Life>();
  const end = graph.dispatches.length;
  for (const t of graph.inputs.values()) lives.set(t, { from: -1, to: end });
  graph.dispatches.forEach((d, i) => {
    for (const { tensor, access } of Object.values(d.bindings)) {
      const life = lives.get(tensor);
      if (life) life.to = Math.max(life.to, i);
      else if (access === "read" && (tensor.home === "temp" || tensor.home === "output")) {
        throw new SpadeError(
          "usage",
          `${d.label}, ${describe(tensor)}`,
          "is read before anything writes it",
          "record the op that makes it first",
        );
      } else lives.set(tensor, { from: i, to: i });
    }
  });
  for (const [name, t] of graph.kept) {
    if (!lives.has(t))
      throw new SpadeError(
        "usage",
        `kept "${name}", ${describe(t)}`,
        "is never computed",
        "record an op that writes it",
      );
  }
  for (const t of graph.outputs.values()) {
    const life = lives.get(t);
    if (!life)
      throw new SpadeError("usage", `output ${describe(t)}`, "is never computed", "record an op that writes it");
    life.to = end;
  }
  return lives;
}

/** Pairs of tensors that may not share an arena: a dispatch writes one of them and binds the other. */
function conflicts(graph: Graph): Map<Tensor, Set<Tensor>> {
  const edges = new Map<Tensor, Set<Tensor>>();
  const add = (a: Tensor, b: Tensor): void => {
    if (!edges.has(a)) edges.set(a, new Set());
    edges.get(a)!.add(b);
  };
  for (const d of graph.dispatches) {
    const all = Object.entries(d.bindings);
    for (const [name, w] of all) {
      if (w.access !== "read_write") continue;
      for (const [other, b] of all) {
        if (other === name) continue;
        if (b.tensor === w.tensor) {
          throw new SpadeError(
            "usage",
            `${d.label}, ${describe(w.tensor)}`,
            "is bound twice in a dispatch that writes it",
            "write to a tensor of its own",
          );
        }
        const [mine, its] = [w.tensor.storage, b.tensor.storage];
        const disjoint =
          mine && its && (mine.offset + mine.bytes <= its.offset || its.offset + its.bytes <= mine.offset);
        const allowed = disjoint && b.access === "read_write";
        if (mine && its && mine.buffer === its.buffer && !allowed) {
          throw new SpadeError(
            "usage",
            `${d.label}, ${describe(w.tensor)} and ${describe(b.tensor)}`,
            "lie in one buffer, which the dispatch writes",
            "give them buffers of their own",
          );
        }
        add(w.tensor, b.tensor);
        add(b.tensor, w.tensor);
      }
    }
  }
  return edges;
}

/** @throws SpadeError out-of-memory when a tensor is larger than a buffer may be; it names the tensor. */
export function planMemory(graph: Graph): MemoryPlan {
  const lives = lifetimes(graph);
  const edges = conflicts(graph);
  const limit = graph.target.limits.maxBufferSize;
  for (const t of lives.keys()) {
    if (t.bytes > limit && t.home !== "external") throw beyondLimit(describe(t), t.bytes, "maxBufferSize", limit);
  }
  const inArenas = [...lives.keys()].filter((t) => t.home === "temp" || t.home === "input" || t.home === "output");
  inArenas.sort((a, b) => b.bytes - a.bytes || a.id - b.id);

  const placements = new Map<number, Placement>();
  const arenas: { size: number; placed: Placement[] }[] = [];

  const fit = (arena: number, t: Tensor, life: Life): number => {
    const busy = arenas[arena].placed
      .filter((p) => p.from <= life.to && p.to >= life.from)
      .sort((a, b) => a.offset - b.offset);
    let at = 0;
    for (const p of busy) {
      if (at + t.bytes <= p.offset) break;
      at = Math.max(at, aligned(p.offset + p.tensor.bytes));
    }
    return at;
  };

  for (const t of inArenas) {
    const life = lives.get(t)!;
    const barred = new Set([...(edges.get(t) ?? [])].map((o) => placements.get(o.id)?.arena));
    let best = -1;
    let bestOffset = 0;
    let bestGrowth = Infinity;
    for (let a = 0; a < arenas.length; a++) {
      if (barred.has(a)) continue;
      const offset = fit(a, t, life);
      if (offset + t.bytes > limit) continue;
      const growth = Math.max(0, offset + t.bytes - arenas[a].size);
      if (growth < bestGrowth) [best, bestOffset, bestGrowth] = [a, offset, growth];
    }
    if (best < 0) {
      best = arenas.push({ size: 0, placed: [] }) - 1;
      bestOffset = 0;
    }
    const p: Placement = { tensor: t, arena: best, offset: bestOffset, ...life };
    arenas[best].placed.push(p);
    arenas[best].size = Math.max(arenas[best].size, bestOffset + t.bytes);
    placements.set(t.id, p);
  }

  const sum = (ns: Iterable<number>): number => [...ns].reduce((a, b) => a + b, 0);
  const cut = sum(graph.cuts.map(({ storage }) => storage.bytes));
  const kept = sum([...new Set(graph.kept.values())].map((t) => t.bytes)) + cut;
  const staging = sum([...graph.outputs.values()].map((t) => t.bytes)) + cut;
  const sizes = placeSizes(graph).bytes;
  const outside = new Map<Tensor["storage"], number>();
  for (const t of lives.keys()) if (t.home === "external") outside.set(t.storage, t.bytes);
  const bytes = arenas.map((a) => a.size);
  return {
    placements,
    arenas: bytes,
    kept,
    external: sum(outside.values()),
    staging,
    sizes,
    peak: sum(bytes) + kept + staging + sizes,
  };
}

/** Names of a dispatch's sizes that are in its uniform, in their order; the others are constants of its pipeline. */
export function uniformSizes({ target }: Graph, { sizes, constantSizes = [] }: Dispatch): string[] {
  const names = Object.keys(sizes);
  if (target.sizesAs === "uniform") return names;
  const { sizesAs } = target;
  return names.filter((name) => sizesAs === "mixed" && !constantSizes.includes(name));
}

/** Offsets of each dispatch's uniform in one buffer. */
export function placeSizes(graph: Graph): { offsets: number[]; bytes: number } {
  const offsets: number[] = [];
  let at = 0;
  for (const d of graph.dispatches) {
    offsets.push(at);
    at += aligned(uniformSizes(graph, d).length * 4);
  }
  return { offsets, bytes: at };
}

const MB = (n: number): string => `${(n / 2 ** 20).toFixed(2)} MiB`;

/** A table to print: arenas, then the largest tensors with their place and lifetime. */
export function describeMemory(plan: MemoryPlan, most = 20): string {
  const lines = [
    `program ${MB(plan.peak)} = arenas ${plan.arenas.map(MB).join(" + ") || "none"} + kept ${MB(plan.kept)} + staging ${MB(plan.staging + plan.sizes)}; bound from outside ${MB(plan.external)}`,
  ];
  const rows = [...plan.placements.values()].sort((a, b) => b.tensor.bytes - a.tensor.bytes);
  for (const p of rows.slice(0, most)) {
    lines.push(
      `  ${MB(p.tensor.bytes).padStart(12)}  arena ${p.arena} + ${String(p.offset).padStart(10)}  dispatches ${p.from}..${p.to}  ${describe(p.tensor)}`,
    );
  }
  if (rows.length > most) lines.push(`  ... and ${rows.length - most} smaller ones`);
  return lines.join("\n");
}
