// spade-webgpu/labels, which is loaded when a file is read or written, not before.

export * from "../../label_maps.ts";
