// The generators that netG can select, and how they differ: sizes, keys, checks, styles, label levels. The types make it a compile error to
// omit a kind or one of its parts. Only this file, training_kinds.ts (how a training step records each) and painting/painters.ts (how each
// paints) look up netG.

import { checkClade, cladeShapes } from "./clade/shapes.ts";
import { resolutions } from "./nets/generator.ts";
import { checkPix2pixhd, pix2pixhdNet, pix2pixhdSize, pix2pixhdStride } from "./nets/pix2pixhd.ts";
import { checkSean, seanNet } from "./sean/net.ts";
import { generatorShapes, latentSize, parseNormG, upsamplings, semanticNc, type Config, type NetG } from "./config.ts";
import { generatorNet, storedShapes, type Net } from "./weights/packing.ts";
import type { LevelSize } from "../labels/levels.ts";
import { SpadeError } from "../runtime/index.ts";

export interface Kind {
  /** Name used in messages. */
  readonly title: string;
  /** Default norm_G of a training, as in upstream. */
  readonly norm_G: string;
  /** Whether the export command can write it as ONNX. */
  readonly onnx: boolean;
  /** Whether its keys say if it reads edges; of other generators that is a guess. */
  readonly edgesInKeys: boolean;
  /** Heights and widths of pictures, in pixels, must be multiples of this. */
  stride(c: Config): number;
  /** Height and width of the picture, and of the label map that the net takes. @throws SpadeError usage */
  outputSize(c: Config): { h: number; w: number };
  /** Checks the options. @throws SpadeError usage: an option value or combination that this net does not support */
  check(c: Config): void;
  /**
   * The net's parameters. `found`: shapes in the file to be read, because old files may store some keys under another
   * name.
   */
  net(c: Config, found?: Net["shapes"]): Net;
  /** Length of a style (z); 0 if the net has no styles, i.e. paints one picture per map. */
  styleLength(c: Config): number;
  /** Number of regions and length of their styles, if the net takes a style for each region of a map. */
  regions?(c: Config): { labels: number; length: number };
  /** The resolutions at which the net reads labels, smallest first. */
  levels(c: Config): LevelSize[];
}

/** What generators of SPADE's blocks have in common. */
const spadeBlocks = {
  norm_G: "spectralspadesyncbatch3x3",
  stride: (c: Config): number => 2 ** upsamplings(c),
  outputSize(c: Config): { h: number; w: number } {
    const { h, w } = latentSize(c);
    return { h: h * 2 ** upsamplings(c), w: w * 2 ** upsamplings(c) };
  },
  levels(c: Config): LevelSize[] {
    const { k } = parseNormG(c.norm_G);
    return resolutions(c).map((r) => ({ ...r, k }));
  },
};

/** Of those whose parameters are those of their state_dict. `shapesOf`: every key with its shape. */
const plainBlocks = (
  shapesOf: (c: Config) => Map<string, number[]>,
): typeof spadeBlocks & Pick<Kind, "onnx" | "net" | "styleLength"> => ({
  ...spadeBlocks,
  onnx: true,
  net(c, found) {
    const shapes = shapesOf(c);
    return generatorNet(c, found ? storedShapes(shapes, found) : shapes);
  },
  styleLength: (c) => (c.use_vae ? c.z_dim : 0),
});

/** In a function: bundlers take spreads for side effects, and would keep all of it where only a part of an entry is used. */
const kinds = (): Readonly<Record<NetG, Kind>> => ({
  spade: {
    ...plainBlocks(generatorShapes),
    title: "SPADE",
    edgesInKeys: false,
    check(c) {
      parseNormG(c.norm_G);
      checkNoPositions(c);
    },
  },
  clade: {
    ...plainBlocks(cladeShapes),
    title: "CLADE",
    edgesInKeys: true,
    check: checkClade,
    // A norm reads the class of a pixel alone: there are no windows.
    levels: (c) => resolutions(c).map((r) => ({ ...r, k: 0 })),
  },
  pix2pixhd: {
    title: "pix2pixHD",
    edgesInKeys: false,
    norm_G: "instance",
    onnx: false,
    stride: pix2pixhdStride,
    outputSize: pix2pixhdSize,
    check(c) {
      checkPix2pixhd(c);
      checkNoPositions(c);
    },
    net: (c) => pix2pixhdNet(c),
    styleLength: () => 0,
    // This net has no label tables; it reads only the codes at full size.
    levels: (c) => [{ ...pix2pixhdSize(c), k: 0 }],
  },
  sean: {
    ...spadeBlocks,
    title: "SEAN",
    edgesInKeys: false,
    onnx: false,
    check(c) {
      checkSean(c);
      checkNoPositions(c);
    },
    net: seanNet,
    styleLength: () => 0,
    regions: (c) => ({ labels: semanticNc(c), length: c.style_length }),
  },
});

export const KINDS = kinds();

/** @throws SpadeError usage: add_dist, which CLADE alone has */
function checkNoPositions({ netG, add_dist }: Config): void {
  if (add_dist) throw new SpadeError("usage", `netG ${netG}, add_dist`, "are for different nets", "take netG clade");
}

export const kindOf = (c: Pick<Config, "netG">): Kind => KINDS[c.netG];

/** Names of the generators, i.e. the values of netG. */
export const NET_G = Object.keys(KINDS) as readonly NetG[];

export const strideOf = (c: Config): number => kindOf(c).stride(c);
export const outputSize = (c: Config): { h: number; w: number } => kindOf(c).outputSize(c);
/** The generator's parameters. `found` is as in Kind.net. */
export const netOf = (c: Config, found?: Net["shapes"]): Net => kindOf(c).net(c, found);

/**
 * Checks options and size. @throws SpadeError usage: the net does not support an option value, a combination or the
 * size
 */
export function checkNet(c: Config): void {
  kindOf(c).check(c);
  outputSize(c);
}

/**
 * Returns a config for pictures of `size` pixels. @throws SpadeError unsupported: another size for a net with VAE,
 * whose fc fits only one size; shape: not multiples of the stride
 */
export function withSize(c: Config, size: readonly [width: number, height: number] | undefined): Config {
  if (!size) return c;
  const [width, height] = size;
  const stride = strideOf(c);
  const { h, w } = outputSize(c);
  if (kindOf(c).styleLength(c) > 0 && (w !== width || h !== height))
    throw new SpadeError("unsupported", "size", `a net with VAE paints ${w} x ${h} only`, "leave size out");
  if (width % stride || height % stride || width < stride || height < stride)
    throw new SpadeError(
      "shape",
      "size",
      `${width} x ${height} are not multiples of ${stride}`,
      `use multiples of ${stride}`,
    );
  return { ...c, crop_size: width, aspect_ratio: width / height };
}
