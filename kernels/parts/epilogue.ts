// kernels/parts/epilogue.ts: the last step of matrix products and convolutions, before the result is stored
//
//   y = act( sum / sigma + bias ) [ + residual ]
//
// It is WGSL text that is appended to the shader that computes the sum, so the result is written once and never read back for an
// activation or an addition. sigma is the scalar of spectral norm (kernels/norm/spectral.ts).

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

/** Without a residual: the text defines finish(sum, co). */
export const epilogue = ({ act = "none", bias, sigma }: EpilogueArgs): Epilogue => ({
  text: epilogueText,
  constants: { act: ACTIVATION[act], bias: !!bias, sigma: !!sigma },
  bindings: { bias: bias && read(bias), sigma: sigma && read(sigma) },
});

/** The text defines finish_at(sum, n, oy, ox, co), which adds the residual if there is one; then it needs the sizes OH, OW, CO4, RUP. */
export function residualEpilogue({ residual, ...args }: EpilogueArgs & { residual?: Tensor }): Epilogue {
  const { text, constants, bindings } = epilogue(args);
  return {
    text: `${text}\n${residualText}`,
    constants: { ...constants, residual: !!residual },
    bindings: { ...bindings, residual: residual && read(residual) },
  };
}
