// Which channels of a net's label map mean what those of another net mean: what fine-tuning takes from one to the other.

import { listed } from "../../formats/budget.ts";
import { semanticNc, type LabelConfig } from "../../models/config.ts";
import { comparable, type Label } from "../../pictures/label_names.ts";
import { counted } from "../../runtime/errors.ts";

/** The labels of a net, and their names if it says them. */
export interface NetLabels {
  readonly config: LabelConfig;
  readonly names?: readonly Label[];
}

/** Where a channel's weights come from: a channel of the file, the average of its labels, or nowhere. */
export type Channel = number | "average" | "new";

export interface LabelMatch {
  /** For every semantic channel of the run's net: labels, don't care, edges. */
  readonly channels: readonly Channel[];
  /** Semantic channels of the file's net, and how many of them are labels, don't care not counted. */
  readonly of: number;
  readonly labels: number;
  /** Both nets have the same channels in the same order. */
  readonly same: boolean;
  /** What to tell the user; empty if `same`. */
  readonly lines: readonly string[];
}

/** COCO-Stuff's endings for the rest of a group, and for names that it has twice. */
const ENDING = / (other|stuff)$/;

/** Ids of labels by name; of equal names the first counts. A name that comes with an ending is found without it too, if no label has that one. */
function idsByName(names: readonly Label[], least: number): Map<string, number> {
  const ids = new Map<string, number>();
  const add = (name: string, id: number): void => void (ids.has(name) || id >= least || ids.set(name, id));
  for (const { id, name } of names) add(comparable(name), id);
  for (const { id, name } of names) add(comparable(name).replace(ENDING, ""), id);
  return ids;
}

/** The channel of `from` for every label of `to`, by name if both say them, else by id. */
function labelChannels(from: NetLabels, to: NetLabels): Channel[] {
  const own = from.config.label_nc;
  const byId = (id: number): Channel => (id < own ? id : "average");
  const labels = Array.from({ length: to.config.label_nc }, (_, id) => id);
  if (!from.names || !to.names) return labels.map(byId);
  const ids = idsByName(from.names, from.config.label_nc + Number(from.config.contain_dontcare_label));
  const nameOf = new Map(to.names.map(({ id, name }) => [id, comparable(name)]));
  return labels.map((id) => {
    const name = nameOf.get(id);
    if (name === undefined) return "average";
    return ids.get(name) ?? ids.get(name.replace(ENDING, "")) ?? "average";
  });
}

export function matchLabels(from: NetLabels, to: NetLabels): LabelMatch {
  const [was, now] = [from.config, to.config];
  const channels = labelChannels(from, to);
  if (now.contain_dontcare_label) channels.push(was.contain_dontcare_label ? was.label_nc : "average");
  const of = semanticNc(was);
  if (!now.no_instance) channels.push(was.no_instance ? "new" : of - 1);
  const same = channels.length === of && channels.every((channel, i) => channel === i);
  return { channels, of, labels: was.label_nc, same, lines: same ? [] : describe(from, to, channels) };
}

/** "labels by name: 2 of 3 (sky, tree); sea begins as the average of the file's labels; not used of the file: car" */
function describe(from: NetLabels, to: NetLabels, channels: readonly Channel[]): string[] {
  const { label_nc } = to.config;
  const naming = ({ names }: NetLabels) => {
    const known = new Map(names?.map(({ id, name }) => [id, name]));
    return (id: number): string => known.get(id) ?? `label ${id}`;
  };
  const [nameTo, nameFrom] = [naming(to), naming(from)];
  const ids = Array.from({ length: label_nc }, (_, id) => id);
  const found = ids.filter((id) => channels[id] !== "average");
  const added = ids.filter((id) => channels[id] === "average");
  const taken = new Set(channels);
  const left = Array.from({ length: from.config.label_nc }, (_, id) => id).filter((id) => !taken.has(id));
  const names = (of: readonly number[], name: (id: number) => string): string => listed(of.map(name));
  const by =
    from.names && to.names ? "by name" : `by id, as ${from.names ? "the run" : "the file"} has no list of names`;
  const parts = [
    `labels ${by}: ${found.length} of ${counted(label_nc, "label")} taken${found.length ? ` (${names(found, nameTo)})` : ""}`,
    ...(added.length ? [`new, as the average of the file's: ${names(added, nameTo)}`] : []),
    ...(left.length ? [`not used of the file: ${names(left, nameFrom)}`] : []),
  ];
  return [parts.join("; ")];
}
