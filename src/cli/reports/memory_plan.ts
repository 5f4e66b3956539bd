// --plan: lists the memory of a net and a map by tensor, before anything is allocated. It plans the painter's recordings for the
// adapter's limits and features, and reads no weights.

import type { LabelMap } from "../../labels/label_map.ts";
import type { LevelWindows } from "../../labels/windows.ts";
import type { Config } from "../../models/config.ts";
import { netOf } from "../../models/kinds.ts";
import { ParameterStore } from "../../models/weights/parameters.ts";
import { storageType, type NetWeights } from "../../painting/open_net.ts";
import { recordPainter } from "../../painting/painters.ts";
import type { Recording } from "../../painting/stage.ts";
import { windowsOf } from "../../painting/windows.ts";
import { describe, planMemory, type MemoryPlan, type Target } from "../../runtime/index.ts";
import { openDeviceFor, withNetFile, type NetOptions } from "../inputs/net.ts";
import type { Progress } from "../terminal/progress.ts";

/** The plan as text. `read` loads the map once the net's config is known, before a device is opened. */
export function memoryPlan(
  weights: string,
  options: NetOptions,
  progress: Progress,
  read: (net: NetWeights) => Promise<{ map: LabelMap; instance: LabelMap | undefined }>,
): Promise<string> {
  return withNetFile(weights, options, progress, async (net) => {
    const { config, source } = net;
    const { map, instance } = await read(net);
    const adapter = await openDeviceFor(progress);
    try {
      const dtype = storageType(adapter, options.dtype);
      const windows = windowsOf(config, [map], instance ? [instance] : null);
      return describePlan(adapter.name, adapter.target, config, dtype, source.shapes, windows);
    } finally {
      adapter.dispose();
    }
  });
}

const MiB = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(2)} MiB`;
const line = (bytes: number, where: string, what: string): string =>
  `  ${MiB(bytes).padStart(12)}  ${where.padEnd(22)}  ${what}`;
const largestFirst = <T>(items: readonly T[], bytes: (item: T) => number): T[] =>
  [...items].sort((a, b) => bytes(b) - bytes(a));
const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

function describePlan(
  adapter: string,
  target: Target,
  config: Config,
  dtype: "f16" | "f32",
  shapes: NetWeights["source"]["shapes"],
  windows: readonly LevelWindows[],
): string {
  const parameters = ParameterStore.onPaper(netOf(config, shapes), dtype);
  const stored = parameters.keys().map((key) => parameters.storage(key));
  const stages = recordPainter(target, config, parameters, windows);
  const plans = new Map(stages.map((stage) => [stage, planMemory(stage.graph)]));
  const peak = (wanted: (stage: Recording) => boolean): number =>
    sum(stages.filter(wanted).map((s) => plans.get(s)!.peak));
  const [all, kept] = [sum(stored.map((s) => s.bytes)), parameters.bytes];
  const derived = peak(({ reads }) => !reads.includes("map"));
  const image = stages.at(-1)!;
  const tables = peak((stage) => stage.reads.includes("map") && stage !== image);
  const activations = plans.get(image)!.peak;
  const held = kept + derived + tables + activations;
  const out = [
    `memory on ${adapter}, ${dtype}: ${MiB(held)} = weights ${MiB(kept)} + derived from them ${MiB(derived)} + label tables ${MiB(tables)} + picture ${MiB(activations)}; at most ${MiB(Math.max(all + derived, held))} at once`,
    `weights: ${MiB(all)}`,
  ];
  const stays = new Set(parameters.keys().filter((key) => parameters.isThere(key)));
  for (const s of largestFirst(stored, (s) => s.bytes))
    out.push(line(s.bytes, stays.has(s.label) ? "stays" : "freed after prepare", s.label));
  for (const [stage, plan] of plans) out.push(...stageLines(stage, plan));
  const again = ParameterStore.onPaper(netOf(config, shapes), dtype);
  const edited = recordPainter(target, config, again, windows, { edits: true }).at(-1)!;
  const more = planMemory(edited.graph).peak - activations;
  out.push(
    more > 0
      ? `a session that paints edits (createSpade) has ${MiB(more)} more, for layers that are kept`
      : "a session (createSpade) keeps no layers of this net: edits are painted whole",
  );
  return out.join("\n");
}

function stageLines({ name, graph }: Recording, plan: MemoryPlan): string[] {
  const { arenas, placements, peak, external, sizes } = plan;
  const out = [
    `${name}: ${MiB(peak)}, of it arenas ${arenas.map(MiB).join(" + ") || "none"}; bound from outside ${MiB(external)}`,
  ];
  const own: [what: string, bytes: number][] = [...graph.kept].map(([kept, t]) => [kept, t.bytes]);
  for (const [output, t] of graph.outputs) own.push([`${output} staging`, t.bytes]);
  if (sizes) own.push(["sizes", sizes]);
  for (const [what, bytes] of largestFirst(own, ([, bytes]) => bytes))
    out.push(line(bytes, "a buffer of its own", what));
  for (const p of largestFirst([...placements.values()], (p) => p.tensor.bytes)) {
    const from = p.from < 0 ? "input" : String(p.from);
    out.push(
      line(p.tensor.bytes, `arena ${p.arena} + ${p.offset}`, `${describe(p.tensor)}, dispatches ${from}..${p.to}`),
    );
  }
  return out;
}
