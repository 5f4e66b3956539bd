// Groups of labels, over which a segmenter's classes and a set's labels are compared where they divide the world
// differently: "water" is sea and river in one set, and sea, river, lake and waterfall in the other.

import { parseJsonObject } from "../formats/budget.ts";
import { DONT_CARE_ID } from "../labels/label_map.ts";
import { foreign, SpadeError } from "../runtime/errors.ts";
import { comparable } from "../pictures/label_names.ts";

/** A group as its file has it: labels of the set and classes of ADE20K, by name or id. */
export interface StatedGroup {
  readonly name: string;
  readonly labels: readonly (string | number)[];
  readonly classes: readonly (string | number)[];
}

export interface Groups {
  readonly names: readonly string[];
  /** The group of a label, by id. */
  readonly ofLabel: ReadonlyMap<number, number>;
  /** The group of a class. */
  readonly ofClass: ReadonlyMap<number, number>;
}

const FORM =
  'give a JSON object like { "groups": { "water": { "labels": ["sea", "river"], "ade20k": [27, "lake"] } } }';

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const whereOf = (file: string, group: string): string => `${file}, group "${foreign(group, 60)}"`;

/**
 * Reads groups from JSON: { "groups": { NAME: { "labels": [name or id ...], "ade20k": [name or id ...] } } }. Other keys are not read.
 * @param file its name, for messages
 * @throws SpadeError file: the text is no such object, there is no group, or one has no labels or no classes
 */
export function parseGroups(json: string, file: string): StatedGroup[] {
  const wrong = (problem: string, where = file): SpadeError => new SpadeError("file", where, problem, FORM);
  const { groups } = parseJsonObject(json, file, wrong);
  if (!isObject(groups)) throw wrong('has no object "groups"');
  const stated = Object.entries(groups).map(([name, group]): StatedGroup => {
    const listOf = (key: "labels" | "ade20k"): (string | number)[] => {
      const list = isObject(group) && Object.hasOwn(group, key) ? group[key] : undefined;
      if (!Array.isArray(list) || list.length === 0) throw wrong(`has no list "${key}"`, whereOf(file, name));
      for (const entry of list as unknown[])
        if (typeof entry !== "string" && !Number.isSafeInteger(entry))
          throw wrong(`its "${key}" hold something that is neither a name nor a whole number`, whereOf(file, name));
      return list as (string | number)[];
    };
    return { name, labels: listOf("labels"), classes: listOf("ade20k") };
  });
  if (stated.length === 0) throw wrong("has no groups");
  return stated;
}

/** What groups may hold: the labels of a set, or the classes of a segmenter. */
interface Members {
  readonly what: "label" | "class";
  /** Ids by comparable name; undefined where names are not known. */
  readonly byName: ReadonlyMap<string, readonly number[]> | undefined;
  isId(id: number): boolean;
  /** What to give in place of a member that does not exist. */
  readonly fix: string;
}

function idsByName(members: Iterable<{ id: number; name: string }>): Map<string, number[]> {
  const ids = new Map<string, number[]>();
  for (const { id, name } of members) {
    const of = ids.get(comparable(name));
    if (of) of.push(id);
    else ids.set(comparable(name), [id]);
  }
  return ids;
}

/** The group of each member that stands in one. A name means every member that is called so. */
function groupsOfMembers(
  stated: readonly { name: string; members: readonly (string | number)[] }[],
  { what, byName, isId, fix }: Members,
  file: string,
): Map<number, number> {
  const groupOf = new Map<number, number>();
  for (const [group, { name, members }] of stated.entries()) {
    const wrong = (problem: string, how: string): SpadeError =>
      new SpadeError("usage", whereOf(file, name), problem, how);
    for (const member of members) {
      const shown = typeof member === "string" ? `"${foreign(member, 60)}"` : String(member);
      if (typeof member === "string" && !byName)
        throw wrong(
          `its ${what} ${shown} is a name, and no names are known`,
          "name the labels by --labels FILE.json or --dataset_mode, or give ids",
        );
      const ids = typeof member === "number" ? [member].filter(isId) : byName!.get(comparable(member));
      if (!ids?.length) throw wrong(`its ${what} ${shown} does not exist`, fix);
      for (const id of ids) {
        const other = groupOf.get(id) ?? group;
        if (other !== group)
          throw wrong(
            `its ${what} ${shown} is in the group "${foreign(stated[other].name, 60)}" too`,
            `leave the ${what} in one of the two`,
          );
        groupOf.set(id, group);
      }
    }
  }
  return groupOf;
}

/**
 * The groups of labels and classes.
 * @param labels of the set; undefined: not known, and only ids can be given
 * @param classes names of the segmenter's classes
 * @param file of the groups, for messages
 * @throws SpadeError usage: a label or a class does not exist, or is in two groups
 */
export function groupsOf(
  stated: readonly StatedGroup[],
  labels: readonly { id: number; name: string }[] | undefined,
  classes: readonly string[],
  file: string,
): Groups {
  const ids = labels && new Set(labels.map(({ id }) => id));
  const labelMembers: Members = {
    what: "label",
    byName: labels && idsByName(labels),
    isId: (id) => id !== DONT_CARE_ID && (ids ? ids.has(id) : id >= 0 && id <= 65535),
    fix: labels
      ? `give a name or id of the set's labels, such as "${foreign(labels[0].name, 60)}" or ${labels[0].id}`
      : `give ids from 0 to 65535; ${DONT_CARE_ID} does not count in any map`,
  };
  const classMembers: Members = {
    what: "class",
    byName: idsByName(classes.map((name, id) => ({ id, name }))),
    isId: (id) => id >= 0 && id < classes.length,
    fix: `give one of the segmenter's classes, 0 to ${classes.length - 1}, or a name such as "${classes.at(-1)}"`,
  };
  const of = (key: "labels" | "classes") => stated.map((group) => ({ name: group.name, members: group[key] }));
  return {
    names: stated.map(({ name }) => name),
    ofLabel: groupsOfMembers(of("labels"), labelMembers, file),
    ofClass: groupsOfMembers(of("classes"), classMembers, file),
  };
}
