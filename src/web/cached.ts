// What the cache knows of weights. A file of its own, so that the types of these functions need those of no other.

import type { Source, WebCache } from "../session/api.ts";
import { deleteCache, openCache } from "./cache.ts";
import { fetched, local, type Remote } from "./open_weights.ts";
import { originOf } from "./origin.ts";

/** Whether a source can be opened without the network: bytes and Blobs, and addresses whose file is in the cache. */
export async function isCached(source: Source, wish?: boolean | WebCache): Promise<boolean> {
  if (local(source)) return true;
  const { url } = originOf(source as Remote, fetched);
  const cache = url ? await openCache(wish) : undefined;
  const entry = await cache?.entry(url!);
  return !!entry && (await cache!.isWhole(entry));
}

/** Forgets one file, or all of them. */
export async function clearCache(source?: Source): Promise<void> {
  if (source === undefined) return deleteCache();
  if (local(source)) return;
  const { url } = originOf(source as Remote, fetched);
  if (url) await (await openCache(true))?.remove(url);
}

/** The first part of what an address held last, if the cache has it. */
export async function cachedHead(url: string): Promise<Uint8Array | undefined> {
  const cache = await openCache(true);
  const entry = await cache?.entry(url);
  return entry && cache!.part(entry.parts[0]);
}
