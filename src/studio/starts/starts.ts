// Maps to begin with, drawn by us (scripts/starts.mjs), each with a poster: its picture in the net's first style, which is shown before the
// weights are there, and in the gallery.

import { texts } from "../texts.ts";
import { maps as first } from "./first.ts";
import avenue from "./posters/avenue.webp";
import coast from "./posters/coast.webp";
import desert from "./posters/desert.webp";
import island from "./posters/island.webp";
import junction from "./posters/junction.webp";
import lake from "./posters/lake.webp";
import meadow from "./posters/meadow.webp";
import park from "./posters/park.webp";
import peaks from "./posters/peaks.webp";
import street from "./posters/street.webp";
import valley from "./posters/valley.webp";
import village from "./posters/village.webp";

export interface Start {
  readonly id: keyof typeof texts.starts;
  /** Id of its net, as in nets.json. */
  readonly net: "landscape" | "street";
  /** For people. */
  readonly name: string;
  /** Address of its picture, of the map's size. */
  readonly poster: string;
  /** Of the map, in pixels: the net's input size. */
  readonly width: number;
  readonly height: number;
}

const POSTERS = {
  landscape: { lake, island, valley, peaks, meadow, coast, village, desert },
  street: { avenue, street, junction, park },
};
const SIZES = { landscape: [128, 128], street: [128, 96] } as const;

/** In the order in which they are offered; the first comes with this module, the others are loaded together. */
export const STARTS: readonly Start[] = (["landscape", "street"] as const).flatMap((net) =>
  (Object.entries(POSTERS[net]) as [Start["id"], string][]).map(([id, poster]) => ({
    id,
    net,
    name: texts.starts[id],
    poster: new URL(poster, import.meta.url).href,
    width: SIZES[net][0],
    height: SIZES[net][1],
  })),
);

/** The starts of a net; none of a net that is not ours. */
export const startsOf = (net: string): readonly Start[] => STARTS.filter((start) => start.net === net);

/** The map's ids, row by row. @throws Error if the others can't be loaded, without a network */
export async function startIds({ id, width, height }: Pick<Start, "id" | "width" | "height">): Promise<Uint8Array> {
  const packed = Object.hasOwn(first, id)
    ? first[id as keyof typeof first]
    : (await import("./more.ts")).maps[id as Exclude<Start["id"], keyof typeof first>];
  const bytes = Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
  const ids = new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw")));
  const data = new Uint8Array(await ids.arrayBuffer());
  if (data.length !== width * height) throw new Error(`start map ${id} has ${data.length} ids`);
  return data;
}
