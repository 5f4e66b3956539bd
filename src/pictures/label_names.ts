// The labels in the metadata of weights: a JSON list of ids with names and colours.

import { jsonMarks, SpadeError } from "../runtime/errors.ts";
import { parseColor } from "./label_colors.ts";

/** One label; `color` is "#rgb", "#rrggbb" or "rgb(r, g, b)". */
export interface Label {
  id: number;
  name: string;
  color: string;
  category?: string;
}

/** A name as it is compared: lower case, one space where signs or spaces are. */
export const comparable = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim();

/** Label maps have at most 16 bits. */
const MOST_ID = 65535;
const MOST_TEXT = 5e6;
/** Commas and brackets: a label for each id, of a few fields. */
const MOST_MARKS = 10 * MOST_ID;

/**
 * Reads a list of labels. `where`: the file, for messages. `labelCount`: the net's, if known.
 * Fails with `file` if the text is not such a list, if the list is empty, if an id or colour occurs twice, or if an id is too large.
 */
export function parseLabels(json: string, where: string, labelCount?: number): Label[] {
  const wrong = (problem: string): SpadeError =>
    new SpadeError(
      "file",
      where,
      problem,
      'give a JSON list like [{ "id": 0, "name": "sky", "color": "#70b5e8", "category": "nature" }]',
    );
  if (json.length > MOST_TEXT) throw wrong(`has ${json.length} characters, and a list of labels at most ${MOST_TEXT}`);
  let list: unknown;
  try {
    if (jsonMarks(json, 8) > MOST_MARKS) throw wrong(`has more entries than there are ids, 0 to ${MOST_ID}`);
    list = JSON.parse(json);
  } catch (error) {
    throw error instanceof SpadeError ? error : wrong("is not JSON");
  }
  if (!Array.isArray(list)) throw wrong("is not a list");
  if (!list.length) throw wrong("is an empty list");
  const seen = new Set<number>();
  const idOfColor = new Map<number, number>();
  return list.map((entry: Partial<Label> | null, i) => {
    const { id, name, color, category } = entry ?? {};
    if (!Number.isInteger(id) || (id as number) < 0 || typeof name !== "string" || typeof color !== "string") {
      throw wrong(`entry ${i} has no id, name and color`);
    }
    if (category !== undefined && typeof category !== "string")
      throw wrong(`entry ${i} has a category that is not a text`);
    let rgb: number;
    try {
      rgb = parseColor(color);
    } catch (error) {
      if (!(error instanceof SpadeError)) throw error;
      throw new SpadeError(
        "file",
        `${where}, entry ${i} (id ${id})`,
        `its ${error.where} ${error.problem}`,
        error.fix,
        error,
      );
    }
    if (seen.has(id as number)) throw wrong(`id ${id} comes twice`);
    seen.add(id as number);
    if ((id as number) > MOST_ID) throw wrong(`entry ${i} has the id ${id}; ids go up to ${MOST_ID}`);
    if (labelCount !== undefined && (id as number) >= labelCount)
      throw wrong(`id ${id} is beyond the net's labels, 0 to ${labelCount - 1}`);
    const twin = idOfColor.get(rgb);
    if (twin !== undefined) throw wrong(`ids ${twin} and ${id} have the same colour ${color}`);
    idOfColor.set(rgb, id as number);
    return { id: id as number, name, color, ...(category === undefined ? {} : { category }) };
  });
}
