// What a photo gives: its map, by the net that labels photos, and its style, by the encoder.

import { batch } from "@preact/signals";
import { texts as later } from "../later_texts.ts";
import { Unable } from "../net/failure.ts";
import type { Net } from "../net/net.ts";
import type { Studio } from "../studio.ts";
import { texts } from "../texts.ts";

type Labeler = Awaited<ReturnType<(typeof import("../../labeler_worker.ts"))["createLabeler"]>>;
/** Kept for the next photo. */
let labeler: Promise<Labeler> | undefined;

/**
 * Makes the map of a photo, in one step of undo; the photo lies under it.
 * @param weights of the net that labels photos
 * @throws SpadeError, Unable
 */
export async function mapOf(photo: File, studio: Studio, weights: string): Promise<void> {
  studio.say(texts.said.labelling, true);
  const bitmap = await bitmapOf(photo);
  const net = studio.net.value;
  const ids = await labelled(bitmap, net, weights);
  if (studio.net.value !== net) return studio.say("");
  studio.doc.value.replace(ids);
  studio.under.value = bitmap;
  studio.underOpacity.value = 0;
  studio.say(texts.said.labelled(photo.name));
}

/** @throws Unable */
const bitmapOf = (photo: File): Promise<ImageBitmap> =>
  createImageBitmap(photo).catch(() => {
    throw new Unable({ code: "photo", ...texts.errors.photo(photo.name) });
  });

/** The map of a photo in a net's labels. @throws SpadeError */
async function labelled(photo: ImageBitmap, net: Net, weights: string): Promise<Uint8Array> {
  labeler ??= import("../../labeler_worker.ts").then(({ createLabeler }) => createLabeler({ weights }));
  labeler.catch(() => (labeler = undefined));
  const to = { labels: [...net.labels], width: net.width, height: net.height, dontCare: net.dontCare };
  const { data } = await (await labeler).label(photo, to);
  return legal(data, net.labels.length, net.dontCare);
}

/** What no label fits becomes the don't-care label; a net without one gets its neighbour's, from the left or above. */
function legal(data: ArrayLike<number>, count: number, dontCare: number | null): Uint8Array {
  const ids = new Uint8Array(data.length);
  let last = 0;
  for (let p = 0; p < ids.length; p++) {
    const isKnown = data[p] < count || data[p] === dontCare;
    ids[p] = isKnown ? data[p] : (dontCare ?? last);
    if (isKnown) last = data[p];
  }
  return ids;
}

/**
 * Adds the style of a photo, and takes it. With a style for each region it feeds the selected labels, and the photo's regions are those that the
 * labeler finds; without one, those of the open map.
 * @param weights of the net that labels photos, where there is one
 * @throws SpadeError, Unable
 */
export async function styleOf(photo: File, studio: Studio, weights?: string): Promise<void> {
  studio.say(texts.said.reading(photo.name), true);
  const engine = studio.engine.value;
  const { styles } = studio;
  const regions = styles.regions.value;
  const [bitmap, open] = [await bitmapOf(photo), studio.doc.value.ids.slice()];
  const ids = regions && weights ? await labelled(bitmap, studio.net.value, weights) : open;
  const z = await engine.encode(bitmap, ids);
  if (studio.engine.value !== engine) return studio.say("");
  const entry = { name: photo.name.replace(/\.\w+$/, "").slice(0, 24), kind: "photo", z } as const;
  if (!regions) styles.add(entry);
  else
    batch(() => {
      styles.hovered.value = undefined;
      regions.feed(styles.keep(entry));
    });
  const said = texts.said.styled(photo.name);
  studio.say(regions && !weights ? `${said} ${later.byOpenMap(photo.name)}` : said);
}
