// The options that select the pictures to read and how to resize them, with upstream's names and upstream's defaults
// for every dataset (its base_options.py and *_dataset.py).

import type { Config } from "../models/config.ts";

export const DATASET_MODES = ["coco", "ade20k", "cityscapes", "facades", "custom"] as const;
export type DatasetMode = (typeof DATASET_MODES)[number];

export const PREPROCESS_MODES = [
  "resize_and_crop",
  "crop",
  "scale_width",
  "scale_width_and_crop",
  "scale_shortside",
  "scale_shortside_and_crop",
  "fixed",
  "none",
] as const;
export type PreprocessMode = (typeof PREPROCESS_MODES)[number];

export interface DataOptions extends Pick<
  Config,
  "label_nc" | "contain_dontcare_label" | "no_instance" | "crop_size" | "aspect_ratio" | "add_dist"
> {
  dataset_mode: DatasetMode;
  /** Root folder, for every mode except custom. */
  dataroot: string;
  /** train, val, test ...: selects the folders of coco, ade20k, cityscapes and facades. */
  phase: string;
  /** Folders, for mode custom only. */
  label_dir: string;
  image_dir: string;
  /** "" for none; then, unless no_instance is set, instance edges come from the label map. */
  instance_dir: string;
  no_pairing_check: boolean;
  coco_no_portraits: boolean;
  max_dataset_size: number;
  preprocess_mode: PreprocessMode;
  load_size: number;
  /**
   * Reproduces upstream's bug in scale_shortside(_and_crop): the short side stays, the long one becomes load_size *
   * long / short.
   */
  scale_shortside_as_published: boolean;
  /** Reproduces the published CLADE's slip: positions of a flipped sample (add_dist) are flipped along the height. */
  flip_dist_as_published: boolean;
  /** For training: allows flips, adds coco's portrait folders, and drops the last incomplete batch. */
  isTrain: boolean;
  no_flip: boolean;
  /** Read in list order, without shuffling. */
  serial_batches: boolean;
  /** Pictures per batch. */
  batchSize: number;
  /** Number of decoding threads; 0 chooses it automatically. */
  nThreads: number;
  /** A file of label names and colours, which maps the colours in label PNGs to ids. "" for none. */
  labels: string;
  /** Whether a damaged or mismatched file is skipped or stops the run. */
  on_bad_sample: "skip" | "stop";
  /** Seed of all random draws. */
  seed: number;
}

export const defaultData: DataOptions = {
  dataset_mode: "coco",
  dataroot: "./datasets/cityscapes/",
  phase: "train",
  label_dir: "",
  image_dir: "",
  instance_dir: "",
  no_pairing_check: false,
  coco_no_portraits: false,
  max_dataset_size: Infinity,
  preprocess_mode: "resize_and_crop",
  load_size: 286,
  scale_shortside_as_published: false,
  flip_dist_as_published: false,
  crop_size: 256,
  aspect_ratio: 1,
  isTrain: true,
  no_flip: false,
  serial_batches: false,
  batchSize: 1,
  nThreads: 0,
  label_nc: 182,
  contain_dontcare_label: true,
  no_instance: false,
  add_dist: false,
  labels: "",
  on_bad_sample: "stop",
  seed: 0,
};

/** The defaults that a dataset mode overrides, as in upstream's *_dataset.py. `test`: for the test command. */
export function datasetDefaults(
  mode: DatasetMode,
  test = false,
): Partial<DataOptions & Pick<Config, "num_upsampling_layers">> {
  const square = {
    preprocess_mode: "resize_and_crop",
    load_size: test ? 256 : 286,
    crop_size: 256,
    aspect_ratio: 1,
  } as const;
  switch (mode) {
    case "coco":
      return { ...square, label_nc: 182, contain_dontcare_label: true, no_instance: false };
    case "ade20k":
      return { ...square, label_nc: 150, contain_dontcare_label: true, no_instance: true };
    case "cityscapes":
      return {
        preprocess_mode: "fixed",
        load_size: 512,
        crop_size: 512,
        aspect_ratio: 2,
        label_nc: 35,
        contain_dontcare_label: false,
        no_instance: false,
        num_upsampling_layers: "more",
        batchSize: 16,
      };
    case "facades":
      return {
        ...square,
        dataroot: "./dataset/facades/",
        label_nc: 13,
        contain_dontcare_label: false,
        no_instance: true,
      };
    case "custom":
      return { ...square, label_nc: 13, contain_dontcare_label: false, no_instance: false };
  }
}
