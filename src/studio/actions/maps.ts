// Maps from elsewhere: start maps, links, saved pictures.

import type { Signal } from "@preact/signals";
import type { Painting } from "../files/code.ts";
import { readLink } from "../files/link.ts";
import { fits, type Net } from "../net/net.ts";
import { STARTS, startIds, type Start } from "../starts/starts.ts";
import type { Beginning, Studio } from "../studio.ts";
import { texts } from "../texts.ts";
import type { Question } from "./question.ts";

/** What is shown with a net; without ids what was painted with it before, or an empty map. */
export type Opening = Pick<Beginning, "net" | "poster"> & { readonly ids?: Uint8Array };

/** Where maps are opened: Actions. */
export interface MapOpener {
  readonly studio: Studio;
  readonly question: Signal<Question | undefined>;
  /** All nets that can be chosen. */
  readonly known: readonly Net[];
  /** Opens a net; the map of the one that was open is kept for later. */
  open(opening: Opening): void;
}

/** Opens what a link or a saved picture holds: in one step of undo if its net is the open one. @returns whether there is its net */
export async function show(painting: Painting, opener: MapOpener): Promise<boolean> {
  const { studio, known } = opener;
  const { net: id, width, height, ids, style, sha256 } = painting;
  const net =
    known.find((other) => sha256 !== undefined && other.sha256 === sha256) ?? known.find((other) => other.id === id);
  const isMap = net?.width === width && net.height === height && ids instanceof Uint8Array && fits(net, ids);
  if (!isMap) {
    studio.say(texts.said.otherNet(id));
    return false;
  }
  if (studio.net.value?.id === net.id) studio.doc.value.replace(ids);
  else opener.open({ net, ids });
  if (style) studio.styles.take(style.name, style.z);
  return true;
}

/** Opens what a link holds, if it is one of ours. @param hash the address's fragment */
export async function openLink(hash: string, opener: MapOpener): Promise<void> {
  const found = await readLink(hash);
  if (!found) return;
  // A reload shows what has been painted since.
  history.replaceState(null, "", location.pathname + location.search);
  if ("error" in found) opener.studio.say(found.error);
  else {
    const before = opener.studio.net.value.id;
    if (await show(found, opener))
      opener.studio.say(found.net === before ? texts.said.fromLink : texts.said.fromLinkToOther);
  }
}

/** Takes a start map: in one step of undo if its net is the open one. */
export async function take(start: Start, opener: MapOpener): Promise<void> {
  const { studio, known } = opener;
  opener.question.value = undefined;
  const ids = await startIds(start);
  if (start.net === studio.net.value.id) return studio.doc.value.replace(ids);
  const net = known.find(({ id }) => id === start.net);
  if (net) opener.open({ net, ids, poster: start.poster });
}

const pick = <T>(all: readonly T[]): T => all[Math.floor(Math.random() * all.length)];

/** Any start map of the nets that there are, in any style. */
export async function surprise(opener: MapOpener): Promise<void> {
  await take(pick(STARTS.filter((start) => opener.known.some(({ id }) => id === start.net))), opener);
  const { styles } = opener.studio;
  if (styles.all.value.length) styles.choose(pick(styles.all.value).id);
}
