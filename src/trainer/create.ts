// createTrainer for Node and pages: opens the files that a training begins with, loads its nets, and returns a trainer. The adapter comes
// first; then the device and the downloads overlap.

import type { Checkpoint } from "../formats/checkpoint.ts";
import { squeezenet, squeezenetSource } from "../models/nets/squeezenet.ts";
import type { Net } from "../models/weights/packing.ts";
import { ParameterStore, type StateSource } from "../models/weights/parameters.ts";
import { checkpointSource } from "../models/weights/source.ts";
import { storageType } from "../painting/open_net.ts";
import { SpadeError, type Device } from "../runtime/index.ts";
import type { Source } from "../session/api.ts";
import { openDevice } from "../session/opening/device.ts";
import { reporter } from "../session/opening/progress.ts";
import type { Host } from "../session/host.ts";
import { initialSource } from "../training/init.ts";
import { netsOf, openParts, type Origin } from "../training/open_parts.ts";
import type { TrainOptions } from "../training/options.ts";
import { START } from "../training/position.ts";
import { AVERAGE, netSource } from "../training/state.ts";
import type { Nets } from "../training/step/step.ts";
import type { Trainer, TrainerOptions } from "./api.ts";
import { checkRooms, NOTHING, whatBegins, type Beginning, type Opened } from "./beginning.ts";
import { checkTrainerOptions, labelsOf, resolveOptions } from "./options.ts";
import { TrainerSession } from "./trainer.ts";

/** A host, and where it has SqueezeNet's features by itself. */
export interface TrainerHost extends Host {
  /** @throws SpadeError file: they are not installed */
  perceptual?(): Source;
}

/** The share of each phase in the total progress; kernels compile in the first step. */
const SHARES = { download: 0.6, upload: 0.4, compile: 0 } as const;

/** @internal createTrainer on a host. */
export async function createTrainerOn(host: TrainerHost, options: TrainerOptions): Promise<Trainer> {
  checkTrainerOptions(options);
  const { signal, perceptual } = options;
  signal?.throwIfAborted();
  const { found, opening } = openDevice(host, options);
  await found;
  const files: Opened[] = [];
  try {
    signal?.throwIfAborted();
    const cached = (): boolean => files.length > 0 && files.every(({ weights }) => weights.cached ?? false);
    const report = reporter(options.onProgress, cached, SHARES);
    const downloads = new Sum((loaded, total) => report("download", loaded, total));
    // If one fails, the other ends.
    const failed = new AbortController();
    const ending = AbortSignal.any([failed.signal, ...(signal ? [signal] : [])]);
    const open = async (source: Source | false | undefined): Promise<Opened | undefined> => {
      if (source === undefined || source === false) return undefined;
      try {
        const file = await openFile(host, source, ending, downloads.part());
        files.push(file);
        return file;
      } catch (error) {
        failed.abort(error);
        throw error;
      }
    };
    const opened = await Promise.allSettled([open(options.from), open(perceptual)]);
    const [from, given] = opened.map((result) => {
      if (result.status === "fulfilled") return result.value;
      throw result.reason;
    });
    const begun = from ? await whatBegins(host, from) : NOTHING;
    const o = resolveOptions(options.options, begun, perceptual);
    checkRooms(begun, o);
    const labels = labelsOf(options, o, begun.labels);
    const features = o.no_vgg_loss ? undefined : (given ?? (await open(host.perceptual?.())));
    if (!o.no_vgg_loss && !features) throw noFeatures();
    const device = await opening;
    storageType(device, o.dtype);
    const parts = await openParts(
      device,
      o,
      origin(device, o, begun, from, features, (done, total) => {
        signal?.throwIfAborted();
        report("upload", done, total);
      }),
    );
    for (const { weights } of files) await weights.finished;
    signal?.throwIfAborted();
    report("ready", 1, 1);
    return new TrainerSession(device, o, parts, labels);
  } catch (error) {
    // Frees what was loaded; a borrowed GPUDevice stays.
    await opening.then((device) => device.dispose()).catch(() => undefined);
    throw error;
  } finally {
    for (const { checkpoint } of files) await checkpoint.close();
  }
}

/** @throws SpadeError download, file; signal.reason on abort */
async function openFile(
  host: TrainerHost,
  source: Source,
  signal: AbortSignal,
  report: (loaded: number, total: number | undefined) => void,
): Promise<Opened> {
  const weights = await host.open(source, { signal, report, readers: host.format.readers });
  return { weights, checkpoint: await host.format.open(weights) };
}

function noFeatures(): SpadeError {
  return new SpadeError(
    "usage",
    "createTrainer({ perceptual })",
    "is missing",
    "give squeezenet1_0_features.safetensors of the npm package spade-webgpu-weights, or false for no perceptual loss",
  );
}

/** Where the nets come from. `report`: tensors loaded, and their number. */
function origin(
  device: Device,
  o: TrainOptions,
  { saved }: Beginning,
  from: Opened | undefined,
  features: Opened | undefined,
  report: (done: number, total: number) => void,
): Origin {
  const uploads = new Sum((done, total) => report(done, total!));
  const progress = new Map(netsOf(o).map(([role, { shapes }]) => [role as string, uploads.part(shapes.size)]));
  const ofFeatures = features && uploads.part(squeezenet.net.shapes.size);
  const source = (role: string, net: Net): StateSource | undefined => {
    if (saved) {
      const stored = netSource(saved, role);
      return role === AVERAGE && !stored.shapes.size ? undefined : stored;
    }
    if (role === AVERAGE) return undefined;
    const own = from && checkpointSource(from.checkpoint);
    return own && (role === "G" || (role === "E" && own.shapes.has("fc_mu.weight"))) ? own : initialSource(net, o);
  };
  const parametersOf = async (role: string, net: Net): Promise<ParameterStore | undefined> => {
    const values = source(role, net);
    return values && ParameterStore.loadNet(device, net, values, "f32", progress.get(role));
  };
  return {
    parametersOf: parametersOf as Origin["parametersOf"],
    perceptual: async () => features && perceptualNet(device, features.checkpoint, ofFeatures!),
    saved,
    position: saved?.position ?? START,
  };
}

/** @throws SpadeError file: other features */
async function perceptualNet(
  device: Device,
  checkpoint: Checkpoint,
  onProgress: (done: number, total: number) => void,
): Promise<Nets["perceptual"]> {
  const source = squeezenetSource(checkpointSource(checkpoint));
  try {
    return {
      net: squeezenet,
      parameters: await ParameterStore.loadNet(device, squeezenet.net, source, "f32", onProgress),
    };
  } catch (error) {
    if (!(error instanceof SpadeError) || error.code !== "shape") throw error;
    const problem = `has not the features of ${squeezenet.name}: ${error.where} ${error.problem}`;
    throw new SpadeError("file", "perceptual", problem, "give squeezenet1_0_features.safetensors, or false", error);
  }
}

/** Adds up what several files or nets report. */
class Sum {
  private readonly parts: { done: number; total: number | undefined }[] = [];

  constructor(private readonly report: (done: number, total: number | undefined) => void) {}

  /** One more, and how it reports. @param total if it is known already */
  part(total?: number): (done: number, total: number | undefined) => void {
    const part = { done: 0, total };
    this.parts.push(part);
    return (done, total) => {
      Object.assign(part, { done, total });
      const whole = this.parts.reduce((sum, p) => sum + (p.total ?? NaN), 0);
      this.report(
        this.parts.reduce((sum, p) => sum + p.done, 0),
        Number.isNaN(whole) ? undefined : whole,
      );
    };
  }
}
