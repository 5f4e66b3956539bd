// Names for the styles that are stored with a net.

import { parseJsonObject } from "../../formats/budget.ts";
import { decodePresets, encodePresets } from "../../models/presets.ts";
import { foreign, SpadeError } from "../../runtime/errors.ts";

/**
 * The metadata `styles` with the presets that `json` names, in its order: { "dusk": "style 3", "noon": "mean" }.
 * @param stored the metadata of the file
 * @param dim the net's z_dim
 * @param file of `json`, for messages
 * @throws SpadeError file: `json`, or the metadata, is damaged; usage: the net has no styles, or not one that is named
 */
export function renamedStyles(stored: string | undefined, dim: number, json: string, file: string): string {
  if (stored === undefined)
    throw new SpadeError(
      "usage",
      file,
      "names styles of a net that stores none",
      "give a net that was trained with --use_vae",
    );
  const fix = 'give a JSON object like { "dusk": "style 3", "noon": "style 1" }, new names first';
  const names = Object.entries(parseJsonObject(json, file, (problem) => new SpadeError("file", file, problem, fix)));
  const presets = decodePresets(stored, dim);
  const styleOf = (name: unknown): Float32Array => {
    const found = presets.find((preset) => preset.name === name);
    if (found) return found.style;
    const known = presets.map((preset) => preset.name).join(", ");
    throw new SpadeError(
      "usage",
      file,
      `names "${foreign(String(name), 60)}"`,
      `the net stores: ${foreign(known, 400)}`,
    );
  };
  const wrong = names.find(([name]) => name === "" || name.length > 40 || name === "mean");
  if (wrong || !names.length)
    throw new SpadeError(
      "file",
      file,
      `has ${wrong ? `the name "${foreign(wrong[0], 60)}"` : "no names"}`,
      `${fix}, of 1 to 40 characters, and not mean`,
    );
  const mean = presets.find(({ name }) => name === "mean")!.style;
  return encodePresets(
    mean,
    names.map(([, name]) => styleOf(name)),
    names.map(([name]) => name),
  );
}
