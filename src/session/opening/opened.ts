// A net on its device, as a session uses it; after a loss, it is opened again. The download, the uploads and the compilation of programs
// overlap.

import type { SpadeInfo, SpadeOptions } from "../api.ts";
import { encoderOf } from "./beside.ts";
import type { Host } from "../host.ts";
import { netInfo } from "./info.ts";
import { load } from "./load.ts";
import type { Notice } from "../announcing.ts";
import { guessedConfig, slow } from "../notices.ts";
import type { Report } from "./progress.ts";
import { EncoderRunner } from "../../painting/encoder_runner.ts";
import { openNet, type OpenNet } from "../../painting/open_net.ts";
import { Drawer } from "../../painting/present/draw.ts";
import { SpadeError, type Device } from "../../runtime/index.ts";

export class Opened {
  readonly drawer: Drawer;
  private encoder: Promise<EncoderRunner> | undefined;

  constructor(
    private readonly host: Host,
    private readonly options: SpadeOptions,
    readonly info: SpadeInfo,
    readonly net: OpenNet,
    readonly notices: readonly Notice[],
    private readonly encoderSource: SpadeOptions["encoder"],
  ) {
    this.drawer = new Drawer(net.device);
  }

  get device(): Device {
    return this.net.device;
  }

  /** Mean style of a picture of the net's size, [1,H,W,3] in [-1,1]. Loads the encoder at the first call. */
  async encode(picture: Float32Array, signal: AbortSignal): Promise<Float32Array> {
    this.encoder ??= this.openEncoder(signal);
    this.encoder.catch(() => (this.encoder = undefined));
    return (await (await this.encoder).encode(picture)).mu;
  }

  private async openEncoder(signal: AbortSignal): Promise<EncoderRunner> {
    const { host, options, encoderSource, info } = this;
    if (!info.style || encoderSource === undefined)
      throw new SpadeError(
        "unsupported",
        "encode",
        info.style
          ? "these weights do not say where their encoder is"
          : "this net was trained without VAE and has no styles",
        info.style ? "give createSpade({ encoder })" : "take another net",
      );
    const { cache, fetch } = options;
    const { readers } = host.format;
    const weights = await host.open(encoderSource, { cache, fetch, signal, readers });
    const checkpoint = await host.format.open(weights);
    try {
      const size = { h: info.height, w: info.width };
      const runner = await EncoderRunner.open(checkpoint, this.device, {
        path: "encoder",
        z_dim: info.style.dim,
        ...size,
      });
      await weights.finished;
      return runner;
    } finally {
      await checkpoint.close();
    }
  }

  /** Frees everything; the device too, unless it is borrowed. */
  dispose(): void {
    void this.encoder?.then((runner) => runner.dispose()).catch(() => undefined);
    this.net.dispose();
    if (this.device.owned) this.device.dispose();
  }
}

/** Opens a generator. If anything fails, frees what it had opened; an abort throws signal.reason. @param report as of `load` */
export function openOn(host: Host, options: SpadeOptions, report?: (cached: () => boolean) => Report): Promise<Opened> {
  const { signal, size } = options;
  return load(host, options, report, async ({ weights, checkpoint, opening, tell, notices }) => {
    const described = host.format.describe(checkpoint, { weights: "weights", size });
    const device = await opening;
    let loading = true;
    const net = await openNet(described, {
      device,
      dtype: options.dtype,
      warm: true,
      edits: true,
      signal,
      onWeights: (done, total) => tell?.("upload", done, total),
      // Later maps may compile too; don't report those.
      onProgress: (done, total) => void (loading && tell?.("compile", done, total)),
    });
    try {
      await weights.finished;
      loading = false;
      signal?.throwIfAborted();
      const about = netInfo(net, checkpoint.metadata);
      const encoder = about.style ? encoderOf(options, checkpoint) : undefined;
      const { vendor, architecture } = device.info;
      const info: SpadeInfo = {
        ...about,
        style: about.style && { ...about.style, encoder: encoder !== undefined },
        dtype: net.dtype,
        adapter: { vendor, architecture, software: device.software },
        bytes: { gpu: device.allocated, download: weights.size },
      };
      if (device.software) notices.unshift(slow(device, net, host.softwareFix));
      if (net.note) notices.push(guessedConfig(net.note.message));
      const opened = new Opened(host, options, info, net, notices, encoder);
      tell?.("ready", 1, 1);
      return opened;
    } catch (error) {
      net.dispose();
      throw error;
    }
  });
}
