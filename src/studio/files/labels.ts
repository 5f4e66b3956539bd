// What is used of spade-webgpu/labels, which is loaded when a file is read or written, not before.

export {
  decodeLabelMap,
  encodeLabelMap,
  labelMapFromColors,
  resizeLabelMap,
  resizePicture,
  SpadeError,
} from "../../label_maps.ts";
