// The cache of weights: parts under their hash, and for each address what it held last. Kept in the Cache API, or in a cache that the page
// gives. Without either, and when the browser grants no room, files are loaded into memory only.

import type { WebCache } from "../session/api.ts";
import { parseManifest, sha256, type Manifest } from "../formats/manifest.ts";

const NAME = "spade-webgpu";
/** Cache keys must be http addresses; this one is never fetched. */
const ROOT = "https://spade-webgpu.invalid";
const partKey = (hash: string): string => `${ROOT}/parts/${hash}`;
const indexKey = (url: string): string => `${ROOT}/files?url=${encodeURIComponent(url)}`;

/** What an address held when it was last downloaded. */
export interface Entry extends Manifest {
  /** ETag or Last-Modified of the answer. */
  readonly validator?: string;
}

/** The page's cache, or that of its choice; undefined if it has none. */
export async function openCache(wish: boolean | WebCache | undefined): Promise<WeightsCache | undefined> {
  if (wish === false) return undefined;
  if (typeof wish === "object") return new WeightsCache(wish);
  try {
    return globalThis.caches && new WeightsCache(await caches.open(NAME));
  } catch {
    // Denied: a sandboxed frame, or storage is switched off.
    return undefined;
  }
}

export class WeightsCache {
  constructor(private readonly store: WebCache) {}

  async entry(url: string): Promise<Entry | undefined> {
    const text = await (await this.store.match(indexKey(url)))?.text();
    const manifest = text && parseManifest(text);
    return manifest ? { ...manifest, validator: (JSON.parse(text) as Entry).validator } : undefined;
  }

  async putEntry(url: string, entry: Entry): Promise<void> {
    await this.store.put(indexKey(url), new Response(JSON.stringify(entry)));
  }

  /** A part; undefined if it is not there, or damaged. */
  async part(hash: string): Promise<Uint8Array | undefined> {
    const response = await this.store.match(partKey(hash));
    if (!response) return undefined;
    const bytes = new Uint8Array(await response.arrayBuffer());
    if ((await sha256(bytes)) === hash) return bytes;
    await this.store.delete(partKey(hash));
    return undefined;
  }

  async has(hash: string): Promise<boolean> {
    return !!(await this.store.match(partKey(hash)));
  }

  /** @throws DOMException QuotaExceededError, or whatever the page's own cache throws */
  async putPart(hash: string, bytes: Blob): Promise<void> {
    await this.store.put(partKey(hash), new Response(bytes));
  }

  /** Whether every part of what an address held last is there. */
  async isWhole({ parts }: Manifest): Promise<boolean> {
    return (await Promise.all(parts.map((hash) => this.has(hash)))).every(Boolean);
  }

  async remove(url: string): Promise<void> {
    const entry = await this.entry(url);
    for (const hash of entry?.parts ?? []) await this.store.delete(partKey(hash));
    await this.store.delete(indexKey(url));
  }
}

/** Forgets every file. */
export async function deleteCache(): Promise<void> {
  await globalThis.caches?.delete(NAME);
}

/** Runs `body` while no other session or tab downloads the same address. */
export function exclusively<T>(url: string, signal: AbortSignal | undefined, body: () => Promise<T>): Promise<T> {
  const locks = (globalThis.navigator as Partial<Navigator> | undefined)?.locks;
  return locks ? (locks.request(`${NAME} ${url}`, { signal }, body) as Promise<T>) : body();
}
