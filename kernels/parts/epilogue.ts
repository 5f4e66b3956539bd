// kernels/parts/epilogue.ts: what happens to a sum on its way out of a matrix product or a convolution
//
//   y = act( sum / sigma + bias ) [ + residual ]
//
// Part of the shader that makes the sum, so that the result is written once. sigma is spectral norm's scalar.

import epilogueText from "../../shaders/parts/epilogue.wgsl";
import residualText from "../../shaders/parts/epilogue_residual.wgsl";
import { read, type Binding, type TextConstants, type Tensor } from "../../src/runtime/index.ts";
import { ACTIVATION, type Activation } from "./activation_wgsl.ts";

export interface EpilogueArgs {
  act?: Activation;
  /** [Cout] */
  bias?: Tensor;
  /** [1] */
  sigma?: Tensor;
}

/** What a dispatch adds to its own text, constants and bindings. */
export interface Epilogue {
  readonly text: string;
  readonly constants: TextConstants;
  readonly bindings: Readonly<Record<string, Binding | undefined>>;
}

/** Declares WGSL's finish(sum, vec4 of columns). */
export const epilogue = ({ act = "none", bias, sigma }: EpilogueArgs): Epilogue => ({
  text: epilogueText,
  constants: { act: ACTIVATION[act], bias: !!bias, sigma: !!sigma },
  bindings: { bias: bias && read(bias), sigma: sigma && read(sigma) },
});

/** Declares WGSL's finish_at(sum, n, oy, ox, vec4 of channels). Needs the sizes OH, OW, CO4, and RUP where there is a residual. */
export function residualEpilogue({ residual, ...args }: EpilogueArgs & { residual?: Tensor }): Epilogue {
  const { text, constants, bindings } = epilogue(args);
  return {
    text: `${text}\n${residualText}`,
    constants: { ...constants, residual: !!residual },
    bindings: { ...bindings, residual: residual && read(residual) },
  };
}
