// What the studio asks of a session: a Spade is one.

import type { LabelMap, Live, LiveOptions, Spade, SpadeInfo } from "../../index.ts";
import type { Regions } from "../styles/regions.ts";

/** The styles of a net. `regions`: a style is the codes of the map's regions, one after the other, and each may come from another style. */
export type StyleSpace = NonNullable<SpadeInfo["style"]> & { readonly regions?: Regions };

interface Lively extends Pick<Live, "update" | "whenIdle" | "stop"> {
  style: Live["style"];
}

export interface Session extends Pick<Spade, "dispose"> {
  readonly info: SpadeInfo & { readonly style: StyleSpace | null };
  generate(map: LabelMap, options: { style: Float32Array | undefined; signal?: AbortSignal }): Promise<ImageData>;
  /** @param map the photo's, for a net with regions */
  encode(photo: Blob | ImageBitmap, map?: LabelMap): Promise<Float32Array>;
  live(options: Pick<LiveOptions, "canvas" | "onFrame">): Lively;
  addEventListener: EventTarget["addEventListener"];
}
