// Multiply-accumulates of SEAN's generator for a picture, counted from its layers: densely, as the published code computes them, and by lookup.
// Winograd's savings are not counted, nor what has no products (normalisation, sums of windows).

import type { LevelWindows } from "../../src/labels/windows.ts";
import { blocks, convsOf, latentSize, normsOf, semanticNc, type Config } from "../../src/models/config.ts";
import { outputSize } from "../../src/models/kinds.ts";
import { encoderConvs, isStyled } from "../../src/models/sean/net.ts";
import { roomFor } from "../../src/painting/choose_room.ts";

/** Channels between mlp_shared and mlp_gamma. */
const HIDDEN = 128;

export interface Macs {
  /** conv_gamma and conv_beta, of the styles. */
  readonly styles: number;
  /** fc_mu of all labels and ACEs. */
  readonly fcMu: number;
  /** mlp_shared, mlp_gamma and mlp_beta, of the labels. */
  readonly spade: number;
  /** All that reads features: the blocks' convolutions, fc, conv_img. */
  readonly features: number;
  /** The style encoder, once a photo. */
  readonly encoder: number;
  readonly total: number;
}

const withTotal = (m: Omit<Macs, "total">): Macs => ({ ...m, total: Object.values(m).reduce((a, b) => a + b, 0) });

/** What both forms have in common. */
function common(c: Config): Pick<Macs, "fcMu" | "features" | "encoder"> {
  const [S, L] = [semanticNc(c), c.style_length];
  const { h, w } = outputSize(c);
  const first = latentSize(c);
  const all = blocks(c);
  const last = all[all.length - 1];
  let features = first.h * first.w * 9 * S * 16 * c.ngf + h * w * 9 * last.fout * 3;
  for (const b of all) for (const { k, cin, cout } of convsOf(b)) features += b.h * b.w * k * k * cin * cout;
  let encoder = 0;
  let pixels = h * w;
  for (const { cin, cout, how } of encoderConvs(c)) {
    if (how === "halving") pixels /= 4;
    // A transposed convolution has products for each pixel that it reads.
    encoder += pixels * 9 * cin * cout;
    if (how === "doubling") pixels *= 4;
  }
  const styled = all.filter(isStyled).flatMap(normsOf);
  return { fcMu: styled.length * S * L * L, features, encoder };
}

/** As the published code computes a picture. */
export function denseMacs(c: Config): Macs {
  const [S, L] = [semanticNc(c), c.style_length];
  let [styles, spade] = [0, 0];
  for (const b of blocks(c))
    for (const { channels } of normsOf(b)) {
      const pixels = b.h * b.w;
      spade += pixels * 9 * HIDDEN * (S + 2 * channels);
      if (isStyled(b)) styles += pixels * 9 * L * 2 * channels;
    }
  return withTotal({ styles, spade, ...common(c) });
}

/** By lookup, for a map. @param windows its dictionary */
export function lookupMacs(c: Config, windows: readonly LevelWindows[]): Macs {
  const [S, L] = [semanticNc(c), c.style_length];
  let [styles, spade] = [0, 0];
  for (const b of blocks(c)) {
    const lw = windows.find(({ h, w }) => h === b.h && w === b.w)!;
    // mlp_shared is a sum of its weights' columns. Where windows hardly repeat, gamma and beta are computed at each pixel.
    const rows = roomFor(lw).mode === "dense" ? b.h * b.w : lw.innerCount - 1;
    for (const { channels } of normsOf(b)) {
      spade += rows * 9 * HIDDEN * 2 * channels;
      if (isStyled(b)) styles += S * 9 * L * 2 * channels;
    }
  }
  return withTotal({ styles, spade, ...common(c) });
}
