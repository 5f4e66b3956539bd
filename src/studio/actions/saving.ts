// Maps, pictures and links for others.

import type { Painting } from "../files/code.ts";
import { linkTo } from "../files/link.ts";
import { writeMap } from "../files/map_file.ts";
import { fileName, savePicture as pictureFile, type Scale } from "../files/picture_file.ts";
import { encodePicture } from "../files/png.ts";
import { sheet } from "../files/sheet.ts";
import type { Studio } from "../studio.ts";
import { texts } from "../texts.ts";

/** Saves a file, and says so: browsers do it quietly. */
function download(file: Blob, name: string, studio: Studio): void {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(file), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  studio.say(texts.said.saved(name));
}

/** What is painted now. */
export function paintingOf({ net: { value: net }, doc, styles }: Studio): Painting {
  const z = styles.taken.value;
  return {
    net: net.id,
    sha256: net.sha256,
    width: net.width,
    height: net.height,
    ids: doc.value.ids,
    style: z && { name: styleName(styles), z },
  };
}

const styleName = (styles: Studio["styles"]): string =>
  [styles.chosen, styles.second]
    .map(({ value }) => styles.find(value)?.name)
    .filter((name) => name !== undefined)
    .join(" + ");

export async function saveMap(studio: Studio): Promise<void> {
  const net = studio.net.value;
  download(await writeMap(studio.doc.value.ids, net), fileName(net.id, "map", net.width, net.height), studio);
}

/** @returns the link if the browser does not let the page copy it */
export async function copyLink(studio: Studio): Promise<string | undefined> {
  const made = await linkTo(location.href, paintingOf(studio));
  if ("error" in made) {
    studio.say(made.error);
    return undefined;
  }
  try {
    // Without https there is no clipboard.
    await navigator.clipboard.writeText(made.link);
  } catch {
    return made.link;
  }
  studio.say(texts.said.copied);
  return undefined;
}

/** The picture of the map and the style that are there, painted anew if the shown one is older. */
export async function savePicture(studio: Studio, scale: Scale): Promise<void> {
  const net = studio.net.value;
  const painting = paintingOf(studio);
  const image = await pictureOf(studio);
  const name = fileName(net.id, painting.style?.name ?? "picture", net.width, net.height, scale);
  download(await pictureFile(image, painting, scale), name, studio);
}

function pictureOf(studio: Studio): Promise<ImageData> | ImageData {
  const wish = { ids: studio.doc.value.ids, style: studio.styles.taken.value };
  return studio.pictures.find(wish)?.image ?? studio.engine.value.picture(wish);
}

/** The map in every style, side by side. */
export async function saveSheet(studio: Studio): Promise<void> {
  const net = studio.net.value;
  const pictures: ImageData[] = [];
  for (const { z } of studio.styles.all.value)
    pictures.push(await studio.engine.value.picture({ ids: studio.doc.value.ids, style: z }));
  const whole = sheet(pictures);
  download(
    await encodePicture(whole, { Software: "spade-webgpu" }),
    fileName(net.id, "styles", whole.width, whole.height),
    studio,
  );
}
