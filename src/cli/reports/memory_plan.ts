// --plan: the memory of a net and a map, by tensor, before anything is allocated. The runner itself records and plans, on a device of
// paper: the adapter's limits and features, but buffers that are only counted, pipelines that are none, and weights that are never read.

import { openCheckpointFile } from "../../formats/file.ts";
import type { Label } from "../../pictures/label_names.ts";
import type { LabelMap } from "../../labels/label_map.ts";
import type { Config } from "../../models/config.ts";
import { createPainter, loadGenerator } from "../../painting/painter.ts";
import type { Painter } from "../../painting/runner.ts";
import { checkpointSource } from "../../models/weights/source.ts";
import { describe, Device, product, Program, type Storage } from "../../runtime/index.ts";
import { storageType } from "../../session/spade.ts";
import { configOf, labelsOf, openDeviceFor, windowsOf, type NetOptions } from "../inputs/net.ts";
import type { Progress } from "../terminal/progress.ts";

/** Stands for any GPU object: what it is asked for and what it is called for is itself again. It is no promise. */
const paper: unknown = new Proxy(() => undefined, {
  get: (_, key) => (key === "then" ? undefined : paper),
  apply: () => paper,
});

/** A GPUDevice with the adapter's features and limits and nothing behind them. */
function paperGpu({ features, limits }: GPUDevice): GPUDevice {
  const real: Record<string | symbol, unknown> = { features, limits, lost: new Promise(() => undefined) };
  return new Proxy({} as GPUDevice, { get: (_, key) => (key in real ? real[key] : (paper as never)[key as never]) });
}

class PaperDevice extends Device {
  /** In the order in which they were made, each with its buffers. */
  readonly programs: { program: Program; buffers: Storage[] }[] = [];
  /** Buffers that are there now. */
  readonly held = new Set<Storage>();
  peak = 0;

  constructor(of: Device) {
    super(paperGpu(of.gpu), of.info, false, of.target);
  }

  override alloc(label: string, bytes: number): Storage {
    const storage = { buffer: { label, size: bytes } as GPUBuffer, offset: 0, bytes, label };
    this.held.add(storage);
    this.allocated += bytes;
    this.peak = Math.max(this.peak, this.allocated);
    return storage;
  }

  override free(storage: Storage): void {
    if (this.held.delete(storage)) this.allocated -= storage.bytes;
  }

  override upload(): void {}

  override async guard<T>(_where: string, body: () => T): Promise<T> {
    const before = new Set(this.held);
    const result = body();
    if (result instanceof Program)
      this.programs.push({ program: result, buffers: [...this.held].filter((s) => !before.has(s)) });
    return result;
  }

  override dispose(): void {
    this.state = "disposed";
  }
}

/** The plan as text. `read` gives the map when the config is known, before a device is opened. */
export async function memoryPlan(
  weights: string,
  options: NetOptions,
  progress: Progress,
  read: (
    config: Config,
    labels: readonly Label[] | undefined,
  ) => Promise<{ map: LabelMap; instance: LabelMap | undefined }>,
): Promise<string> {
  const checkpoint = await openCheckpointFile(weights, { key: options.key });
  try {
    const config = configOf(checkpoint, options.overrides);
    const { map, instance } = await read(config, labelsOf(checkpoint, weights, config));
    const adapter = await openDeviceFor(progress);
    try {
      const device = new PaperDevice(adapter);
      const dtype = storageType(device, options.dtype);
      const { shapes } = checkpointSource(checkpoint);
      const source = { shapes, read: (key: string) => new Float32Array(product(shapes.get(key)!)) };
      const parameters = await loadGenerator(device, config, source, dtype);
      const stored = [...device.held];
      const runner = await createPainter(device, config, parameters);
      await runner.setMap(windowsOf(config, map, instance));
      return text(device, runner, stored, dtype);
    } finally {
      adapter.dispose();
    }
  } finally {
    await checkpoint.close();
  }
}

const MiB = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(2)} MiB`;
const line = (bytes: number, where: string, what: string): string =>
  `  ${MiB(bytes).padStart(12)}  ${where.padEnd(22)}  ${what}`;

function text(device: PaperDevice, runner: Painter, stored: readonly Storage[], dtype: string): string {
  const m = runner.memory;
  const all = m.parameters + m.derived + m.tables + m.activations;
  const out = [
    `memory on ${device.name}, ${dtype}: ${MiB(all)} = weights ${MiB(m.parameters)} + derived from them ${MiB(m.derived)} + label tables ${MiB(m.tables)} + picture ${MiB(m.activations)}; at most ${MiB(device.peak)} at once`,
    `weights: ${MiB(stored.reduce((sum, s) => sum + s.bytes, 0))}`,
  ];
  const largestFirst = <T>(items: readonly T[], bytes: (item: T) => number): T[] =>
    [...items].sort((a, b) => bytes(b) - bytes(a));
  for (const s of largestFirst(stored, (s) => s.bytes))
    out.push(line(s.bytes, device.held.has(s) ? "stays" : "freed after prepare", s.label));
  for (const { program, buffers } of device.programs) {
    const { arenas, placements, peak, external } = program.memory;
    const name = `${program.name} `;
    out.push(
      `${program.name}: ${MiB(peak)}, of it arenas ${arenas.map(MiB).join(" + ") || "none"}; bound from outside ${MiB(external)}`,
    );
    const own = buffers.filter((s) => !s.label.startsWith(`${name}arena `));
    for (const s of largestFirst(own, (s) => s.bytes))
      out.push(line(s.bytes, "a buffer of its own", s.label.slice(name.length)));
    for (const p of largestFirst([...placements.values()], (p) => p.tensor.bytes)) {
      const from = p.from < 0 ? "input" : String(p.from);
      out.push(
        line(p.tensor.bytes, `arena ${p.arena} + ${p.offset}`, `${describe(p.tensor)}, dispatches ${from}..${p.to}`),
      );
    }
  }
  return out.join("\n");
}
