// A link that holds the map and the style in its fragment, which browsers send to no server.

import { texts } from "../later_texts.ts";
import { decodePainting, encodePainting, type Painting } from "./code.ts";

const KEY = "#map=";
/** Longer ones are cut by what links are sent with. */
const MOST_LINK = 32_000;

/** @param page its address, whose own fragment goes @returns the link, or why there is none */
export async function linkTo(page: string, painting: Painting): Promise<{ link: string } | { error: string }> {
  const link = `${page.replace(/#.*/s, "")}${KEY}${await encodePainting(painting)}`;
  return link.length > MOST_LINK ? { error: texts.files.longLink } : { link };
}

/** What a page's fragment holds. @param hash `location.hash` @returns undefined: none of ours */
export async function readLink(hash: string): Promise<Painting | { error: string } | undefined> {
  if (!hash.startsWith(KEY)) return undefined;
  // Programs that find links in texts append a full stop or a bracket, or escape signs.
  const code = /^[\w-]*/.exec(hash.slice(KEY.length).replace(/%2d/gi, "-").replace(/%5f/gi, "_"))![0];
  return (await decodePainting(code)) ?? { error: texts.files.brokenLink };
}
