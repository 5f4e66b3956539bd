// createSpade over a host: from a weights file to a session. The same in Node and in a page; the host says where GPU and bytes come from.

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

/** What differs between a page and Node. */
export interface Host {
  /** For borrowed devices; left out: by adapter. */
  readonly sizesAs?: Target["sizesAs"];
  openDevice(options: OpenOptions): Promise<Device>;
  /** Ranges of a source; `report` hears of downloaded bytes. */
  open(
    source: Source,
    report: (loaded: number, total: number | undefined) => void,
    signal?: AbortSignal,
  ): Promise<RandomAccess>;
}

/** Where each phase begins and ends in the whole. */
const SHARES = { download: [0, 0.4], upload: [0.4, 0.7], compile: [0.7, 1], ready: [1, 1] } as const;

type Report = (phase: Progress["phase"], loaded: number, total: number | undefined) => void;

/** Calls onProgress with a share of the whole that never falls. */
function reporter(onProgress: SpadeOptions["onProgress"]): Report {
  let reached = 0;
  return (phase, loaded, total) => {
    const [from, to] = SHARES[phase];
    reached = Math.max(reached, from + (total ? (loaded / total) * (to - from) : 0));
    onProgress?.({ phase, loaded, total, progress: reached });
  };
}

/** @internal createSpade over a host. */
export async function createSpadeOn(host: Host, options: SpadeOptions): Promise<Spade> {
  checkOptions(options);
  const { signal, size } = options;
  signal?.throwIfAborted();
  const report = reporter(options.onProgress);
  let access = await host.open(options.weights, (loaded, total) => report("download", loaded, total), signal);
  if (options.integrity) access = await verify(access, options.integrity);
  const checkpoint = await openCheckpoint(access);
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
      // Later maps may compile as well.
      onProgress: (done, total) => void (loading && report("compile", done, total)),
    });
    try {
      await net.painter.warm(signal);
      loading = false;
      signal?.throwIfAborted();
      const info = infoOf(net, checkpoint.metadata, access.size);
      report("ready", 1, 1);
      return new SpadeSession(info, net);
    } catch (error) {
      net.dispose();
      throw error;
    }
  } finally {
    await checkpoint.close();
  }
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
    style: dim > 0 ? { dim, presets: decodePresets(metadata.styles, dim) } : null,
    dtype,
    adapter: { vendor: device.info.vendor, architecture: device.info.architecture, software: device.software },
    bytes: { gpu: device.allocated, download },
  };
}

/** Of weights that store no labels. */
function unnamedLabels(config: Config): LabelInfo[] {
  return Array.from({ length: labelCount(config) }, (_, id) => ({
    id,
    name: config.contain_dontcare_label && id === config.label_nc ? "don't care" : `label ${id}`,
    color: labelHex(id),
  }));
}

/** The whole source in memory, if it hashes as it should. */
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
