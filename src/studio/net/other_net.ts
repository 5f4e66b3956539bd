// Opens nets of other generators than SPADE's, which few people bring: with the entry that has all. A net of SEAN, which takes a code for each
// region, looks like one whose style is the codes of all its regions, one after the other; zeros stand for a region without one.

import type { LabelMap, Live, RegionStyles, SpadeInfo, SpadeOptions } from "../../index.ts";
import { flat, codes } from "../styles/codes.ts";
import { Regions } from "../styles/regions.ts";
import { texts } from "../later_texts.ts";
import type { Session, StyleSpace } from "./session.ts";

/** @throws SpadeError as createSpade */
export async function openOther(options: SpadeOptions): Promise<Session> {
  const { createSpade } = await import("../../sean.ts");
  const spade = await createSpade(options);
  if (!spade.info.regions) return spade;
  const { labels, length, mean } = spade.info.regions;
  const space: StyleSpace = {
    dim: labels * length,
    encoder: true,
    presets: [{ name: texts.mean, style: flat(whole(mean, labels, length), labels, length) }],
    regions: new Regions(length),
  };
  /** The codes of a style; labels without one have the mean of all codes. */
  const codesOf = (z: Float32Array | undefined): RegionStyles => {
    const given = z ? codes(z, length) : {};
    return whole({ ...mean, ...given }, labels, length);
  };
  return {
    get info(): SpadeInfo & { style: StyleSpace } {
      return { ...spade.info, style: space };
    },
    generate: (map, { style, signal }) => spade.generate(map, { style: codesOf(style), signal }),
    encode: async (photo, map) => flat(await spade.encodeRegions(photo, map!), labels, length),
    live({ canvas, onFrame }) {
      const live: Live = spade.live({ canvas, onFrame, style: codesOf(undefined) });
      let shown: Float32Array | undefined;
      return {
        get style() {
          return shown;
        },
        set style(z) {
          shown = z;
          live.style = codesOf(z);
        },
        update: (map: LabelMap) => live.update(map),
        whenIdle: (job) => live.whenIdle(job),
        stop: () => live.stop(),
      };
    },
    addEventListener: (...listener: Parameters<EventTarget["addEventListener"]>) => spade.addEventListener(...listener),
    dispose: () => spade.dispose(),
  };
}

/** Codes of all regions: those that have none get the mean of the others', so that any label can be painted. */
function whole(styles: RegionStyles, labels: number, length: number): RegionStyles {
  const known = Object.values(styles) as Float32Array[];
  const middle = Float32Array.from({ length }, (_, i) => known.reduce((sum, code) => sum + code[i] / known.length, 0));
  return Object.fromEntries(Array.from({ length: labels }, (_, label) => [label, styles[label] ?? middle]));
}
