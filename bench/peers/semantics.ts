// The dense map that other engines take: the exported model's input `seg`.

export { denseSemantics } from "../../src/export/onnx/semantics.ts";
