// The styles of a net that takes one for each region of a map (SEAN): --style with --style_map, and --style_of. A source of styles is the
// word mean, a file of codes (.json, as `test` writes it), codes that the published code saved (region_codes.ts), or a photo with its label map, which the net's own encoder turns into codes.

import type { LabelMap } from "../../labels/label_map.ts";
import { labelSpace } from "../../models/config.ts";
import { kindOf } from "../../models/kinds.ts";
import {
  codesFor,
  regionCodes,
  regionStylesOf,
  type Regions,
  type RegionStyles,
} from "../../models/sean/region_styles.ts";
import { readPhoto } from "../../datasets/photo.ts";
import { normalized } from "../../painting/encoder_runner.ts";
import type { OpenNet } from "../../painting/open_net.ts";
import { windowsOf } from "../../painting/windows.ts";
import { pilBicubicResize } from "../../pictures/pil_bicubic.ts";
import { foreign, SpadeError } from "../../runtime/errors.ts";
import { readCodes } from "./region_codes.ts";
import { mapSize, readLabelMap } from "./maps.ts";
import type { NetInFile } from "./net.ts";

export interface RegionOptions {
  style?: string;
  style_map?: string;
  /** LABEL=SOURCE */
  style_of?: readonly string[];
}

const usage = (where: string, problem: string, fix: string): SpadeError => new SpadeError("usage", where, problem, fix);

/** Reads what a source names, before a device is opened; what it gives computes the codes. */
type Source = (net: OpenNet) => Promise<RegionStyles>;

/** The codes of a photo's regions. @param photo RGB bytes of the net's size */
export async function encodePhoto(
  { config, painter }: Pick<OpenNet, "config" | "painter">,
  photo: Uint8Array,
  map: LabelMap,
  instance?: LabelMap,
): Promise<RegionStyles> {
  const windows = windowsOf(config, [map], instance ? [instance] : null);
  return regionStylesOf(await painter.encode!(normalized(photo), windows), kindOf(config).regions!(config));
}

async function readSource(
  text: string,
  map: string | undefined,
  net: NetInFile,
  regions: Regions,
  label?: number,
): Promise<Source> {
  if (text === "mean") return async () => ({});
  const codes = await readCodes(text, regions, label);
  if (codes) return async () => codes;
  if (map === undefined)
    throw usage(`the style of ${text}`, "has no label map", "give the photo's: --style_map MAP.png, or PHOTO,MAP.png");
  const labelMap = await readLabelMap(map, net.config, net.labels);
  const { width, height } = mapSize(net.config);
  const photo = pilBicubicResize(await readPhoto(text), width, height);
  return (opened) => encodePhoto(opened, photo.data, labelMap);
}

/** Parses LABEL=SOURCE; a label is a number or a stored name. */
function parseStyleOf(
  text: string,
  net: NetInFile,
  { labels }: Regions,
): { label: number; source: string; map?: string } {
  const [, name, rest] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
  if (name === undefined)
    throw usage(
      `--style_of ${text}`,
      "names no label and photo",
      "write LABEL=PHOTO,MAP.png, LABEL=CODES.json or LABEL=CODE.npy",
    );
  const named = net.labels?.find((label) => label.name === name)?.id;
  const label = named ?? (/^\d+$/.test(name) ? Number(name) : -1);
  if (!(label >= 0 && label < labels))
    throw usage(
      `--style_of ${text}`,
      `${foreign(name, 60)} is no label of the net`,
      `give a number from 0 to ${labels - 1}, or a name that the weights store`,
    );
  const [, source, map] = /^(.*),([^,]+)$/s.exec(rest) ?? [undefined, rest, undefined];
  return { label, source, ...(map !== undefined && { map }) };
}

/** The codes of a picture's regions. */
export interface PaintedStyles {
  /** For the line that is printed. */
  readonly name: string;
  /** For a map. @throws SpadeError usage: one of its labels has no code */
  codes(map: LabelMap, instance: LabelMap | undefined): Float32Array;
}

/** The codes for a map, from styles and the mean ones. */
export function codesOfMap(
  net: Pick<OpenNet, "config">,
  styles: RegionStyles,
  means: RegionStyles,
  map: LabelMap,
  instance?: LabelMap,
): Float32Array {
  const regions = kindOf(net.config).regions!(net.config);
  const codes = regionCodes(styles, means, regions, "--style");
  return codesFor(codes, regions, labelSpace(net.config), map, instance);
}

/**
 * Reads the options' files.
 * @returns undefined for a net without regions
 * @throws SpadeError usage: the options do not fit the net or each other
 */
export async function readRegionStyles(
  o: RegionOptions,
  net: NetInFile,
): Promise<((opened: OpenNet) => Promise<PaintedStyles>) | undefined> {
  const regions = kindOf(net.config).regions?.(net.config);
  if (!regions) {
    const given = o.style_map !== undefined ? "--style_map" : o.style_of?.length ? "--style_of" : undefined;
    if (given)
      throw new SpadeError(
        "unsupported",
        given,
        "this net has no styles of regions",
        "leave it out, or give a net of SEAN",
      );
    return undefined;
  }
  const whole = await readSource(o.style ?? "mean", o.style_map, net, regions);
  const single = await Promise.all(
    (o.style_of ?? []).map(async (text) => {
      const { label, source, map } = parseStyleOf(text, net, regions);
      return { label, text, read: await readSource(source, map ?? o.style_map, net, regions, label) };
    }),
  );
  const means = net.regionMeans ?? {};
  return async (opened) => {
    const styles: Record<number, ArrayLike<number>> = { ...(await whole(opened)) };
    for (const { label, text, read } of single) {
      const code = { ...means, ...(await read(opened)) }[label];
      if (!code) throw usage(`--style_of ${text}`, `its map has no label ${label}`, "give a photo that has it");
      styles[label] = code;
    }
    const name = [o.style ?? "mean", ...(o.style_of ?? [])].join(", ");
    return {
      name,
      codes: (map, instance) => codesOfMap(opened, styles as RegionStyles, means, map, instance),
    };
  };
}
