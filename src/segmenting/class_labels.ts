// From a segmenter's classes to the labels of a set: by name, or as a mapping says.

import { parseJsonObject } from "../formats/budget.ts";
import { DONT_CARE_ID } from "../labels/label_map.ts";
import { foreign, SpadeError } from "../runtime/errors.ts";
import { comparable } from "../pictures/label_names.ts";
import { namesOf } from "./class_names.ts";

interface Named {
  readonly id: number;
  readonly name: string;
}

/** The label of a class, by name or id; null: none. Keys are names of classes. */
export type ClassMapping = Readonly<Record<string, string | number | null>>;

/** Labels of a set by comparable name; of equal names the first counts. */
function idsOf(labels: readonly Named[]): Map<string, number> {
  const ids = new Map<string, number>();
  for (const { id, name } of labels) if (!ids.has(comparable(name))) ids.set(comparable(name), id);
  return ids;
}

/**
 * The label of each class, `unknown` where the set has none that fits.
 * @param classes names by class
 * @param labels of the set
 * @param mapping says it for some classes; the others go by name
 * @throws SpadeError usage: the mapping names a class or a label that does not exist
 */
export function labelsOfClasses(
  classes: readonly string[],
  labels: readonly Named[],
  mapping: ClassMapping = {},
  unknown = DONT_CARE_ID,
): Uint16Array {
  const ids = idsOf(labels);
  const stated = statedLabels(classes, labels, ids, mapping);
  return Uint16Array.from(classes, (name) => {
    const said = stated.get(comparable(name));
    if (said !== undefined) return said ?? unknown;
    const found = namesOf(name).find((other) => ids.has(other));
    return found === undefined ? unknown : ids.get(found)!;
  });
}

function statedLabels(
  classes: readonly string[],
  labels: readonly Named[],
  ids: ReadonlyMap<string, number>,
  mapping: ClassMapping,
): Map<string, number | null> {
  const known = new Set(classes.map(comparable));
  const all = new Set(labels.map(({ id }) => id));
  const stated = new Map<string, number | null>();
  for (const [name, label] of Object.entries(mapping)) {
    const wrong = (problem: string, fix: string): SpadeError =>
      new SpadeError("usage", `mapping, "${foreign(name, 60)}"`, problem, fix);
    if (!known.has(comparable(name)))
      throw wrong(
        "is no class of the segmenter",
        `give one of its ${classes.length} classes, such as "${classes.at(-1)}"`,
      );
    const id = typeof label === "string" ? ids.get(comparable(label)) : label;
    if (id === undefined || (id !== null && !all.has(id))) {
      const shown = typeof label === "string" ? `"${foreign(label, 60)}"` : String(label);
      throw wrong(`its label ${shown} is none of the set's`, "give the name or id of a label, or null for none");
    }
    stated.set(comparable(name), id);
  }
  return stated;
}

/**
 * Reads a mapping from JSON: { "class": "label", "other class": 3, "third": null }.
 * @param where the file, for messages
 * @throws SpadeError file: the text is no such object
 */
export function parseMapping(json: string, where: string): ClassMapping {
  const wrong = (problem: string): SpadeError =>
    new SpadeError("file", where, problem, 'give a JSON object like { "earth": "dirt", "path": 3, "person": null }');
  const raw = parseJsonObject(json, where, wrong);
  for (const [name, label] of Object.entries(raw)) {
    if (label === null || typeof label === "string" || Number.isSafeInteger(label)) continue;
    throw wrong(`"${foreign(name, 60)}" is neither a name, a whole number nor null`);
  }
  return raw as ClassMapping;
}
