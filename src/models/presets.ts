// Styles saved with a net: the mean style of its training photos and a few typical ones.

import { parseJson } from "../formats/budget.ts";
import { SpadeError } from "../runtime/errors.ts";

export interface Preset {
  name: string;
  /** The style z, [z_dim]. */
  style: Float32Array;
}

/** The styles of a net's file: those of its training photos' mean, and presets with their names, if a person gave them some. */
interface StoredStyles {
  mean: readonly number[];
  presets: readonly (readonly number[])[];
  names?: readonly string[];
}

/** Encodes styles as the text of the metadata `styles`, with six digits. */
export function encodePresets(mean: Float32Array, presets: readonly Float32Array[], names?: readonly string[]): string {
  const round = (v: Float32Array): number[] => Array.from(v, (x) => Number(x.toPrecision(6)));
  const stored: StoredStyles = { mean: round(mean), presets: presets.map(round), ...(names && { names }) };
  return JSON.stringify(stored);
}

/**
 * Decodes the styles, the one to begin with first: the mean, then the presets, beginning with the most usual; where they have names, the
 * presets in the order in which they were named, then the mean. Empty if there are none.
 * @throws SpadeError file: the metadata is damaged or has another z_dim
 */
export function decodePresets(text: string | undefined, z_dim: number): Preset[] {
  if (text === undefined) return [];
  const isStyle = (v: unknown): boolean => Array.isArray(v) && v.length === z_dim && v.every(Number.isFinite);
  try {
    const { mean, presets, names } = parseJson(text, "weights, metadata styles") as StoredStyles;
    // A name that is no text is shown as what it is.
    const named = names ?? presets.map((_, i) => `style ${i + 1}`);
    if ([mean, ...presets].every(isStyle) && named.length === presets.length) {
      const styles = presets.map((style, i) => ({ name: `${named[i]}`, style: Float32Array.from(style) }));
      const first = { name: "mean", style: Float32Array.from(mean) };
      return names ? [...styles, first] : [first, ...styles];
    }
  } catch (error) {
    if (error instanceof SpadeError) throw error;
    // The error is thrown below.
  }
  throw new SpadeError("file", "weights, metadata styles", `holds no styles of ${z_dim} numbers`, "save the net again");
}
