// The options that say which pictures are read and how they are brought to size, under their published names, with the published
// defaults of every dataset (spec: the published base_options, *_dataset.py).

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
  "label_nc" | "contain_dontcare_label" | "no_instance" | "crop_size" | "aspect_ratio"
> {
  dataset_mode: DatasetMode;
  /** Of every mode but custom. */
  dataroot: string;
  /** train, val, test ...: the folders of coco, ade20k, cityscapes and facades. */
  phase: string;
  /** Of custom. */
  label_dir: string;
  image_dir: string;
  /** "" for none: then, unless no_instance, the label map says where instances meet. */
  instance_dir: string;
  no_pairing_check: boolean;
  coco_no_portraits: boolean;
  max_dataset_size: number;
  preprocess_mode: PreprocessMode;
  load_size: number;
  /** scale_shortside(_and_crop) with the published code's slip: the short side stays, the long one becomes load_size * long / short. */
  scale_shortside_as_published: boolean;
  /** Whether pictures may be flipped (and, in the published code, whether the last batch is dropped). */
  isTrain: boolean;
  no_flip: boolean;
  /** In the lists' order, not shuffled. */
  serial_batches: boolean;
  /** Pictures a batch. */
  batchSize: number;
  /** Worker threads that decode; 0 for as many as are useful. */
  nThreads: number;
  /** A file of names and colours: colours in label PNGs are mapped by it. "" for none. */
  labels: string;
  /** What a damaged or mismatched file does to the run. */
  on_bad_sample: "skip" | "stop";
  /** Of all random draws. */
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
  labels: "",
  on_bad_sample: "stop",
  seed: 0,
};

/** What a dataset's own defaults change (spec 1.6); `test`: of the test command. */
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
