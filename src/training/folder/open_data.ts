// The data of a run, and of its validation.

import { Dataset } from "../../datasets/dataset.ts";
import { Loader } from "../../datasets/loader.ts";
import { outputSize } from "../../models/kinds.ts";
import { SpadeError, type Device } from "../../runtime/index.ts";
import { counted } from "../../runtime/errors.ts";
import type { TrainOptions } from "../options.ts";
import type { Peers } from "../peers/peers.ts";
import type { TrainUi } from "../ui.ts";
import { Validation } from "../validation.ts";
import type { Opened } from "./opened.ts";

/** The data of a run, as far as this rank reads it. */
export async function openData(
  o: TrainOptions,
  opened: Opened,
  ui: TrainUi,
  say: (line: string) => void,
  peers?: Peers,
): Promise<{ dataset: Dataset; loader: Loader }> {
  const { rank = 0, ranks = 1 } = peers ?? {};
  if (o.batchSize % ranks !== 0)
    throw new SpadeError(
      "usage",
      `--batchSize ${o.batchSize}`,
      `can't be divided among ${ranks} ranks: it counts the pictures of all`,
      `give a multiple of ${ranks}`,
    );
  const dataset = await Dataset.open(o);
  checkSize(o, dataset);
  const onSkip = (e: SpadeError): void => ui.say(`skipped: ${e.message}`);
  await dataset.scan(undefined, rank ? undefined : onSkip, (line) => say(`note: ${line}`));
  const share = { rank, ranks };
  const loader = opened.add(await Loader.open(dataset, { batchSize: o.batchSize, share, onSkip }), (l) => l.close());
  const parts = ranks > 1 ? `, ${o.batchSize / ranks} on each of ${ranks} ranks` : "";
  say(
    `${counted(dataset.length, "pair")}, ${counted(loader.length, "batch", "batches")} of ${o.batchSize} an epoch${parts}`,
  );
  return { dataset, loader };
}

/** The discriminator sees label map, painted and real picture together: they must have one size. */
function checkSize(o: TrainOptions, dataset: Dataset): void {
  const { h, w } = outputSize(o);
  const { size } = dataset;
  if (!size || (size.width === w && size.height === h)) return;
  throw new SpadeError(
    "usage",
    `--preprocess_mode ${o.preprocess_mode}, --crop_size ${o.crop_size}, --aspect_ratio ${o.aspect_ratio}`,
    `make samples of ${size.width}x${size.height}, and the net paints ${w}x${h}`,
    "choose a crop_size and an aspect_ratio whose picture the net can paint: multiples of its 2^upsamplings",
  );
}

export async function openValidation(device: Device, o: TrainOptions): Promise<Validation | undefined> {
  if (!o.val_label_dir) return undefined;
  const dataset = await Dataset.open({
    ...o,
    dataset_mode: "custom",
    label_dir: o.val_label_dir,
    image_dir: o.val_image_dir,
    instance_dir: "",
    isTrain: false,
    serial_batches: true,
    no_flip: true,
    max_dataset_size: Infinity,
  });
  return Validation.open(device, o, dataset);
}
