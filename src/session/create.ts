// createSpade for Node and pages: opens a weights file and returns a session. A Host provides the GPU device and the bytes. The adapter comes
// first; then the device, the download, the uploads and the compilation of programs overlap.

import type { Progress, Spade, SpadeInfo, SpadeOptions } from "./api.ts";
import { checkOptions } from "./checks.ts";
import type { Host, Weights } from "./host.ts";
import { netInfo } from "./info.ts";
import { SpadeSession, type Notice } from "./spade.ts";
import { openNet, type OpenNet } from "../painting/open_net.ts";
import { Device, foreign, softwareNotice } from "../runtime/index.ts";

/** The share of each phase in the total progress; they overlap. */
const SHARES = { download: 0.5, upload: 0.1, compile: 0.4 } as const;

type Report = (phase: Progress["phase"], loaded: number, total: number | undefined) => void;

/** Calls onProgress with a total progress that never decreases, and reaches 1 with "ready". */
export function reporter(
  onProgress: SpadeOptions["onProgress"],
  cached: () => boolean,
  share: Readonly<Record<Exclude<Progress["phase"], "ready">, number>> = SHARES,
): Report {
  const shares = { download: 0, upload: 0, compile: 0 };
  let reached = 0;
  return (phase, loaded, total) => {
    if (phase !== "ready" && total) shares[phase] = Math.min(1, loaded / total) * share[phase];
    const sum = phase === "ready" ? 1 : shares.download + shares.upload + shares.compile;
    // Rounding must not give 1 before everything is there.
    reached = Math.max(reached, phase === "ready" ? 1 : Math.min(sum, 0.999));
    onProgress?.({ phase, loaded, total, progress: reached, cached: cached() });
  };
}

/** Opens the device in two steps: `found` resolves when there is an adapter, before anything is downloaded. */
export function openDevice(
  host: Host,
  { device, powerPreference }: Pick<SpadeOptions, "device" | "powerPreference">,
): { found: Promise<unknown>; opening: Promise<Device> } {
  if (device) {
    const opening = Promise.resolve(borrowed(device, host.sizesAs));
    return { found: opening, opening };
  }
  let onAdapter!: () => void;
  const adapter = new Promise<void>((resolve) => (onAdapter = resolve));
  const opening = host.openDevice({ powerPreference, onAdapter });
  opening.catch(() => undefined);
  return { found: Promise.race([adapter, opening]), opening };
}

/** @internal createSpade on a host. */
export async function createSpadeOn(host: Host, options: SpadeOptions): Promise<Spade> {
  checkOptions(options);
  const { signal, size, integrity, cache, fetch } = options;
  signal?.throwIfAborted();
  const notices: Notice[] = [];
  let weights: Weights | undefined;
  const report = reporter(options.onProgress, () => weights?.cached ?? false);
  const { found, opening } = openDevice(host, options);
  await found;
  try {
    signal?.throwIfAborted();
    weights = await host.open(options.weights, {
      ...{ integrity, cache, fetch, signal, readers: host.format.readers },
      report: (loaded, total) => report("download", loaded, total),
      onMemoryOnly: (cause) => notices.push(memoryOnly(cause)),
    });
    const checkpoint = await host.format.open(weights);
    let session: SpadeSession;
    try {
      const described = host.format.describe(checkpoint, { weights: "weights", size });
      const device = await opening;
      let loading = true;
      const net = await openNet(described, {
        device,
        dtype: options.dtype,
        warm: true,
        signal,
        onWeights: (done, total) => report("upload", done, total),
        // Later maps may compile too; don't report those.
        onProgress: (done, total) => void (loading && report("compile", done, total)),
      });
      try {
        await weights.finished;
        loading = false;
        signal?.throwIfAborted();
        const { vendor, architecture } = device.info;
        const info: SpadeInfo = {
          ...netInfo(net, checkpoint.metadata),
          dtype: net.dtype,
          adapter: { vendor, architecture, software: device.software },
          bytes: { gpu: device.allocated, download: weights.size },
        };
        report("ready", 1, 1);
        session = new SpadeSession(info, net, !options.device);
        if (device.software) notices.unshift(slow(device, net, host.softwareFix));
      } catch (error) {
        net.dispose();
        throw error;
      }
    } finally {
      await checkpoint.close();
    }
    session.announceSoon(notices);
    return session;
  } catch (error) {
    if (!options.device) await opening.then((device) => device.dispose()).catch(() => undefined);
    throw error;
  }
}

/** What a software adapter does a second, roughly: SwiftShader 4e9 on two cores, lavapipe more. */
const SOFTWARE_FLOPS = 8e9;

function slow(device: Device, { painter }: OpenNet, fix: string): Notice {
  const seconds = painter.stages.reduce((sum, { program }) => sum + program.flops, 0) / SOFTWARE_FLOPS;
  const time = seconds < 1 ? "up to a second" : `about ${Math.round(seconds)} seconds`;
  return { code: "software-adapter", message: `${softwareNotice(device)}, ${time} a picture`, fix };
}

const memoryOnly = (cause: unknown): Notice => ({
  code: "memory-only",
  message: `the browser keeps no copy of the weights (${foreign((cause as Error)?.message ?? String(cause))})`,
  fix: "they are downloaded again at the next visit, unless you free storage or give a cache of your own",
});

function borrowed(gpu: GPUDevice, sizesAs: Host["sizesAs"]): Device {
  const info =
    (gpu as { adapterInfo?: GPUAdapterInfo }).adapterInfo ??
    ({ vendor: "", architecture: "", device: "", description: "borrowed device" } as GPUAdapterInfo);
  return new Device(gpu, info, false, { sizesAs });
}
