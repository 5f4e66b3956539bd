// Styles that a net was saved with: of the photographs that it was trained on, the mean and a few typical ones.

import { parseJson } from "../formats/budget.ts";
import { SpadeError } from "../runtime/errors.ts";

export interface Preset {
  name: string;
  /** z, [z_dim] */
  style: Float32Array;
}

/** The text of metadata `styles`, in six digits. */
export function encodePresets(mean: Float32Array, presets: readonly Float32Array[]): string {
  const round = (v: Float32Array): number[] => Array.from(v, (x) => Number(x.toPrecision(6)));
  return JSON.stringify({ mean: round(mean), presets: presets.map(round) });
}

/**
 * The mean first, then the presets by how many photographs are like them. None where a file stores none.
 * @throws SpadeError file: the metadata is damaged, or of another z_dim
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
    // Said below.
  }
  throw new SpadeError("file", "weights, metadata styles", `holds no styles of ${z_dim} numbers`, "save the net again");
}
