// The manifest beside a weights file.

import { parseManifest, type Manifest } from "../formats/manifest.ts";
import type { Fetch } from "./origin.ts";

/** The largest manifest that is read: of a file of 32 GB. */
const MOST_BYTES = 2 ** 20;

/** The manifest beside a file; undefined if there is none, or none can be fetched. */
export async function fetchManifest(url: string, get: Fetch, signal?: AbortSignal): Promise<Manifest | undefined> {
  const beside = new URL(url);
  beside.pathname += ".json";
  try {
    const response = await get(beside.href, { signal, cache: "no-cache" });
    if (response.ok && !(Number(response.headers.get("content-length")) > MOST_BYTES))
      return parseManifest(await response.text());
    await response.body?.cancel();
  } catch {
    signal?.throwIfAborted();
  }
  return undefined;
}
