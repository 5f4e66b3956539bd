// What a photo gives: its map, by the net that labels photos, and its style, by the encoder.

import { Unable } from "../net/failure.ts";
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
  labeler ??= import("../../labeler_worker.ts").then(({ createLabeler }) => createLabeler({ weights }));
  labeler.catch(() => (labeler = undefined));
  const bitmap = await createImageBitmap(photo).catch(() => {
    throw new Unable({ code: "photo", ...texts.errors.photo(photo.name) });
  });
  const net = studio.net.value;
  const to = { labels: [...net.labels], width: net.width, height: net.height, dontCare: net.dontCare };
  const { data } = await (await labeler).label(bitmap, to);
  if (studio.net.value !== net) return studio.say("");
  studio.doc.value.replace(legal(data, net.labels.length, net.dontCare));
  studio.under.value = bitmap;
  studio.underOpacity.value = 0;
  studio.say(texts.said.labelled(photo.name));
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

/** Adds the style of a photo, and takes it. @throws SpadeError */
export async function styleOf(photo: File, studio: Studio): Promise<void> {
  studio.say(texts.said.reading(photo.name), true);
  const engine = studio.engine.value;
  const z = await engine.encode(photo);
  if (studio.engine.value !== engine) return studio.say("");
  studio.styles.add({ name: photo.name.replace(/\.\w+$/, "").slice(0, 24), kind: "photo", z });
  studio.say(texts.said.styled(photo.name));
}
