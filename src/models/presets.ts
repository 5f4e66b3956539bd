// Styles saved with a net: the mean style of its training photos and a few typical ones.

import { parseJson } from "../formats/budget.ts";
import { SpadeError } from "../runtime/errors.ts";

export interface Preset {
  name: string;
  /** The style z, [z_dim]. */
  style: Float32Array;
}

/** Encodes styles as the text of the metadata `styles`, with six digits. */
export function encodePresets(mean: Float32Array, presets: readonly Float32Array[]): string {
  const round = (v: Float32Array): number[] => Array.from(v, (x) => Number(x.toPrecision(6)));
  return JSON.stringify({ mean: round(mean), presets: presets.map(round) });
}

/**
 * Decodes the styles: the mean first, then the presets, beginning with those that most photos resemble. Empty if there
 * are none.
 * @throws SpadeError file: the metadata is damaged or has another z_dim
 */
export function decodePresets(text: string | undefined, z_dim: number): Preset[] {
  if (text === undefined) return [];
  const isStyle = (v: unknown): v is number[] => Array.isArray(v) && v.length === z_dim && v.every(Number.isFinite);
  try {
    const { mean, presets } = parseJson(text, "weights, metadata styles") as { mean: unknown; presets: unknown };
    if (isStyle(mean) && Array.isArray(presets) && presets.every(isStyle)) {
      return [
        { name: "mean", style: Float32Array.from(mean) },
        ...presets.map((style, i) => ({ name: `style ${i + 1}`, style: Float32Array.from(style) })),
      ];
    }
  } catch (error) {
    if (error instanceof SpadeError) throw error;
    // The error is thrown below.
  }
  throw new SpadeError("file", "weights, metadata styles", `holds no styles of ${z_dim} numbers`, "save the net again");
}
