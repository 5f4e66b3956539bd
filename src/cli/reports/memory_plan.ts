// --plan: the memory of a net and a map, by tensor, before anything is allocated. The runner itself records and plans, on a device of
// paper: the adapter's limits and features, but buffers that are only counted, pipelines that are none, and weights that are never read.

import type { LabelMap } from "../../labels/label_map.ts";
import type { Painter } from "../../painting/painter.ts";
import { describe, Device, product, Program, type Storage } from "../../runtime/index.ts";
import { openDeviceFor, withNetFile, type NetOptions } from "../inputs/net.ts";
import { openNet, type NetWeights } from "../../painting/open_net.ts";
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

/** The plan as text. `read` gives the map when the net is known, before a device is opened. */
export function memoryPlan(
  weights: string,
  options: NetOptions,
  progress: Progress,
  read: (net: NetWeights) => Promise<{ map: LabelMap; instance: LabelMap | undefined }>,
): Promise<string> {
  return withNetFile(weights, options, async (net) => {
    const { map, instance } = await read(net);
    const adapter = await openDeviceFor(progress);
    try {
      const device = new PaperDevice(adapter);
      const { shapes } = net.source;
      const source = { shapes, read: (key: string) => new Float32Array(product(shapes.get(key)!)) };
      let stored: Storage[] = [];
      const onWeights = (done: number, total: number): void => void (done === total && (stored = [...device.held]));
      const opened = await openNet({ ...net, source }, { device, dtype: options.dtype, onWeights });
      await opened.setMap(map, instance);
      return text(device, opened.painter, stored, opened.dtype);
    } finally {
      adapter.dispose();
    }
  });
}

const MiB = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(2)} MiB`;
const line = (bytes: number, where: string, what: string): string =>
  `  ${MiB(bytes).padStart(12)}  ${where.padEnd(22)}  ${what}`;

function text(device: PaperDevice, painter: Painter, stored: readonly Storage[], dtype: string): string {
  const m = painter.memory;
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
