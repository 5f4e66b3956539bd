// createSpade for Node and pages: opens a weights file and returns a session. A Host provides the GPU device and the bytes.

import type { LabelInfo, Progress, Source, Spade, SpadeInfo, SpadeOptions } from "./api.ts";
import { checkOptions } from "./checks.ts";
import { SpadeSession } from "./spade.ts";
import { openCheckpoint } from "../formats/checkpoint.ts";
import { bytesAccess, type RandomAccess } from "../formats/tensors.ts";
import { labelCount, labelSpace, type Config } from "../models/config.ts";
import { kindOf, outputSize, strideOf } from "../models/kinds.ts";
import { decodePresets } from "../models/presets.ts";
import { describeNet, openNet, type OpenNet } from "../painting/open_net.ts";
import { labelHex } from "../pictures/colors.ts";
import { Device, SpadeError, type OpenOptions, type Target } from "../runtime/index.ts";

/** The parts that differ between a page and Node. */
export interface Host {
  /** For borrowed devices; omitted: chosen by adapter. */
  readonly sizesAs?: Target["sizesAs"];
  openDevice(options: OpenOptions): Promise<Device>;
  /** Opens a source for reads by range; calls `report` with downloaded bytes. */
  open(
    source: Source,
    report: (loaded: number, total: number | undefined) => void,
    signal?: AbortSignal,
  ): Promise<RandomAccess>;
}

/** Where each phase begins and ends in the total progress. */
const SHARES = { download: [0, 0.4], upload: [0.4, 0.7], compile: [0.7, 1], ready: [1, 1] } as const;

type Report = (phase: Progress["phase"], loaded: number, total: number | undefined) => void;

/** Calls onProgress with a total progress that never decreases. */
function reporter(onProgress: SpadeOptions["onProgress"]): Report {
  let reached = 0;
  return (phase, loaded, total) => {
    const [from, to] = SHARES[phase];
    reached = Math.max(reached, from + (total ? (loaded / total) * (to - from) : 0));
    onProgress?.({ phase, loaded, total, progress: reached });
  };
}

/** @internal createSpade on a host. */
export async function createSpadeOn(host: Host, options: SpadeOptions): Promise<Spade> {
  checkOptions(options);
  const { signal, size } = options;
  signal?.throwIfAborted();
  const report = reporter(options.onProgress);
  let access = await host.open(options.weights, (loaded, total) => report("download", loaded, total), signal);
  if (options.integrity) access = await verify(access, options.integrity);
  const checkpoint = await openCheckpoint(access);
  let session: SpadeSession;
  try {
    signal?.throwIfAborted();
    const described = describeNet(checkpoint, { weights: "weights", size });
    let loading = true;
    const net = await openNet(described, {
      device: async () =>
        options.device
          ? borrowed(options.device, host.sizesAs)
          : host.openDevice({ powerPreference: options.powerPreference }),
      dtype: options.dtype,
      signal,
      onWeights: (done, total) => report("upload", done, total),
      // Later maps may compile too; don't report those.
      onProgress: (done, total) => void (loading && report("compile", done, total)),
    });
    try {
      await net.painter.warm(signal);
      loading = false;
      signal?.throwIfAborted();
      const info = infoOf(net, checkpoint.metadata, access.size);
      report("ready", 1, 1);
      session = new SpadeSession(info, net);
    } catch (error) {
      net.dispose();
      throw error;
    }
  } finally {
    await checkpoint.close();
  }
  session.announceSoon();
  return session;
}

function infoOf(net: OpenNet, metadata: Readonly<Record<string, string>>, download: number): SpadeInfo {
  const { config, device, dtype } = net;
  const { h, w } = outputSize(config);
  const { dontCare, edges } = labelSpace(config);
  const dim = kindOf(config).styleLength(config);
  return {
    width: w,
    height: h,
    stride: strideOf(config),
    labels: net.labels ? [...net.labels] : unnamedLabels(config),
    dontCare,
    edges,
    guessed: [...net.guessed],
    style: dim > 0 ? { dim, presets: decodePresets(metadata.styles, dim) } : null,
    dtype,
    adapter: { vendor: device.info.vendor, architecture: device.info.architecture, software: device.software },
    bytes: { gpu: device.allocated, download },
  };
}

/** Labels for weights that store none. */
function unnamedLabels(config: Config): LabelInfo[] {
  return Array.from({ length: labelCount(config) }, (_, id) => ({
    id,
    name: config.contain_dontcare_label && id === config.label_nc ? "don't care" : `label ${id}`,
    color: labelHex(id),
  }));
}

/** Reads the whole source into memory and checks its hash. */
async function verify(access: RandomAccess, integrity: string): Promise<RandomAccess> {
  try {
    const bytes = await access.read(0, access.size);
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
    const found = `sha256-${btoa(String.fromCharCode(...hash))}`;
    if (found !== integrity)
      throw new SpadeError(
        "integrity",
        "weights",
        `hash to ${found} where ${integrity} was wanted`,
        "download them again, or correct `integrity`",
      );
    return bytesAccess(bytes, access.name);
  } finally {
    await access.close?.();
  }
}

function borrowed(gpu: GPUDevice, sizesAs: Host["sizesAs"]): Device {
  const info =
    (gpu as { adapterInfo?: GPUAdapterInfo }).adapterInfo ??
    ({ vendor: "", architecture: "", device: "", description: "borrowed device" } as GPUAdapterInfo);
  return new Device(gpu, info, false, { sizesAs });
}
