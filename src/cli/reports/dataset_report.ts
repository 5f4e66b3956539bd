// What `spade dataset` prints about a data set.

import { counted, foreign } from "../../runtime/errors.ts";
import type { DataOptions } from "../../datasets/options.ts";
import type { IdCount, Problem, Survey } from "../../datasets/survey.ts";
import type { Label } from "../../pictures/label_names.ts";
import { DONT_CARE_ID } from "../../labels/label_map.ts";
import { isLegalId } from "../../datasets/names.ts";
import { colorHex } from "../../pictures/label_colors.ts";
import type { Outputs } from "../terminal/output.ts";

/** 0 to 4, 7, 9 to 11 */
export function ranges(sorted: readonly number[]): string {
  const parts: string[] = [];
  for (let i = 0; i < sorted.length;) {
    let end = i;
    while (sorted[end + 1] === sorted[end] + 1) end++;
    parts.push(end > i ? `${sorted[i]} to ${sorted[end]}` : String(sorted[i]));
    i = end + 1;
  }
  return parts.length > 12 ? `${parts.slice(0, 12).join(", ")} ...` : parts.join(", ");
}

const row = (name: string, text: string): string => `${name.padEnd(14)} ${text}`;

/** "640 x 480 (12), 500 x 375": the most frequent first. */
function counts(map: ReadonlyMap<string, number>): string {
  const sorted = [...map].sort((a, b) => b[1] - a[1]);
  const shown = sorted.slice(0, 4).map(([key, n]) => (sorted.length === 1 ? key : `${key} (${n})`));
  return shown.join(", ") + (sorted.length > 4 ? ` and ${sorted.length - 4} more` : "");
}

export function describeFiles(s: Survey, o: DataOptions): string[] {
  const { labels, images, instances } = s.lists;
  const folders = o.dataset_mode === "custom" ? [o.label_dir, o.image_dir] : [o.dataroot, `phase ${o.phase}`];
  const from = folders.map((folder) => foreign(folder, 300)).join(", ");
  const left =
    s.pairs.length < labels.length
      ? `, of ${counted(labels.length, "label map")} and ${counted(images.length, "photo")}`
      : "";
  const kinds = (sizes: ReadonlyMap<string, number>, kind: ReadonlyMap<string, number>): string =>
    sizes.size ? `${counts(sizes)}; ${counts(kind)}` : "none could be read";
  return [
    row("data set", `${o.dataset_mode}: ${from}`),
    row("pairs", `${s.pairs.length}${left}`),
    row("label maps", kinds(s.labelSizes, s.labelKinds)),
    row("photos", kinds(s.photoSizes, s.photoKinds)),
    row(
      "instance maps",
      !instances
        ? `none${o.no_instance ? " used (no_instance)" : ""}`
        : `${s.instances} read; ${s.instancesWithBorders} have borders within a label`,
    ),
  ];
}

/** Most rows of the tables of ids and colours. */
const MAX_ROWS = 40;

export function describeIds(
  { ids, labelSizes }: Survey,
  names: readonly Label[] | undefined,
  o: DataOptions,
): string[] {
  if (!ids.size) return [];
  const all = [...ids].sort((a, b) => b[1].pixels - a[1].pixels);
  const pixels = all.reduce((n, [, c]) => n + c.pixels, 0);
  const maps = [...labelSizes.values()].reduce((n, c) => n + c, 0);
  const nameOf = new Map(names?.map(({ id, name }) => [id, foreign(name, 60)]));
  const line = ([id, c]: [number, IdCount]): string => {
    const dontCare = id === DONT_CARE_ID && o.contain_dontcare_label;
    const name = dontCare
      ? `don't care, label ${o.label_nc}`
      : (nameOf.get(id) ?? (isLegalId(id, o, names) ? "" : "no label"));
    const share = ((100 * c.pixels) / pixels).toFixed(2).padStart(6);
    return `  ${String(id).padStart(5)}  ${share} %  ${String(c.maps).padStart(6)}  ${name}`.trimEnd();
  };
  const rest = all.slice(MAX_ROWS);
  return [
    "",
    row("ids", `${all.length} distinct: ${ranges(all.map(([id]) => id).sort((a, b) => a - b))}`),
    `     id    pixels    maps  of ${maps}`,
    ...all.slice(0, MAX_ROWS).map(line),
    ...(rest.length
      ? [
          `  and ${rest.length} more with ${((100 * rest.reduce((n, [, c]) => n + c.pixels, 0)) / pixels).toFixed(2)} % of the pixels`,
        ]
      : []),
  ];
}

/** Lists the colours of coloured label maps, most frequent first. */
export function describeColors({ colors }: Survey): string[] {
  const all = [...colors].sort((a, b) => b[1] - a[1]);
  const pixels = all.reduce((n, [, c]) => n + c, 0);
  return [
    "",
    row("colours", `${all.length} distinct in label maps that hold colours instead of ids`),
    ...all.slice(0, MAX_ROWS).map(([c, n]) => `  ${colorHex(c)}  ${((100 * n) / pixels).toFixed(2).padStart(6)} %`),
    ...(all.length > MAX_ROWS ? [`  and ${all.length - MAX_ROWS} more`] : []),
  ];
}

/**
 * Writes a first label list of the colours in the label maps to `labelsOut`: those of coloured maps, the gray levels, or
 * those of palettes. Gives the line to print, if there is one.
 */
export async function writeColors(
  { colors, paletteColors, readings }: Survey,
  levels: readonly number[] | undefined,
  outputs: Outputs,
  labelsOut: string | undefined,
): Promise<string[]> {
  const numbered = (found: readonly number[]): [number, number][] => found.map((color, id) => [id, color]);
  const byCount = (map: ReadonlyMap<number, number>): [number, number][] =>
    numbered([...map].sort((a, b) => b[1] - a[1]).map(([c]) => c));
  const differ = readings.paletteNote !== undefined;
  const ofPalettes = differ ? byCount(paletteColors) : [...(readings.samePalette ?? [])].sort((a, b) => a[0] - b[0]);
  const found = colors.size ? byCount(colors) : levels ? numbered(levels.map((v) => v * 0x010101)) : ofPalettes;
  if (!labelsOut) {
    if (!colors.size && !levels && !differ) return [];
    const what = colors.size ? "them" : levels ? "the gray values" : "the palettes' colours";
    return [`  --labels_out labels.json writes a list of ${what}, to give ids and names; then --labels labels.json`];
  }
  if (!found.length) return [`  ${foreign(labelsOut)} is not written: the label maps hold ids, and no colours to list`];
  const list = found.map(([id, c]) => ({ id, name: `label ${id}`, color: colorHex(c) }));
  await outputs.write(
    { path: labelsOut, kind: "json" },
    `[\n${list.map((l) => `  ${JSON.stringify(l)}`).join(",\n")}\n]\n`,
  );
  return [`  wrote ${labelsOut}: give each its id and name, then look again with --labels ${labelsOut}`];
}

export function describeProblem({ first, count }: Problem): string {
  return `  - ${first.message}${count > 1 ? ` (and ${count - 1} more like it)` : ""}`;
}

/** Notes about what is allowed but may be a mistake. */
export function describeNotes(
  s: Survey,
  o: DataOptions,
  labels: DataOptions,
  names: readonly Label[] | undefined,
): string[] {
  const notes: string[] = s.readings.paletteNote === undefined ? [] : [s.readings.paletteNote];
  const photos = (count: number): string =>
    count > 1 && count === s.pairs.length ? "all photos" : counted(count, "photo");
  if (s.otherShape.length)
    notes.push(
      `of another shape than the label map, and squeezed onto it: ${photos(s.otherShape.length)}, the first ${s.otherShape[0]}`,
    );
  if (s.turned)
    notes.push(
      `with an EXIF orientation, which is not applied, as published: ${photos(s.turned)}; label maps must lie as the pixels are stored`,
    );
  if ([...s.photoKinds.keys()].some((kind) => kind.startsWith("gray") && kind.endsWith("16 bits")))
    notes.push("gray photos of 16 bits are cut off at 255, as published: they turn white; save them with 8 bits");
  if (o.preprocess_mode === "resize_and_crop" && [...s.photoSizes.keys()].some((size) => !isSquare(size)))
    notes.push(
      "resize_and_crop squeezes pictures to squares, as published; --preprocess_mode scale_shortside_and_crop keeps their shape",
    );
  if (s.enlarged) notes.push(`smaller than the size they are brought to, and enlarged: ${photos(s.enlarged)}`);
  if (!s.ids.size) return notes;
  const used = [...s.ids.keys()].filter((id) => id !== DONT_CARE_ID || !labels.contain_dontcare_label);
  const never = labels.label_nc - used.filter((id) => id < labels.label_nc).length;
  // With ids that are no labels, the number of labels is still open.
  if (never > 0 && used.every((id) => id < labels.label_nc) && o.dataset_mode === "custom")
    notes.push(
      `${never} of ${counted(labels.label_nc, "label")} never ${never === 1 ? "occurs" : "occur"}${never > labels.label_nc / 2 ? ": renumbered maps make a smaller net" : ""}`,
    );
  if (used.length === 1 && s.ids.has(DONT_CARE_ID))
    notes.push("only one id beside 255: if 255 is a class of a mask, write 1 for it; here it means don't care");
  if (s.ids.has(DONT_CARE_ID) && !labels.contain_dontcare_label && labels.label_nc > DONT_CARE_ID)
    notes.push("255 is a label like others here; the published code always takes it for don't care");
  if (used.length > 200 && !names)
    notes.push("so many ids are rare: are these label maps, or gray pictures, or maps that were resized smoothly?");
  if (s.instances && !s.instancesWithBorders)
    notes.push(
      "the instance maps show no border that the label maps do not: --no_instance makes a smaller net of the same input",
    );
  return notes;
}

function isSquare(size: string): boolean {
  const [width, height] = size.split(" x ");
  return width === height;
}
