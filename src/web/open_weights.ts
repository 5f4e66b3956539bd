// Opens weights from any source, for reads by range while they arrive.

import type { Source } from "../session/api.ts";
import { isArrayBuffer } from "../session/checks.ts";
import type { LoadOptions, Weights } from "../session/host.ts";
import { blobAccess, bytesAccess, type RandomAccess } from "../formats/tensors.ts";
import { SpadeError } from "../runtime/errors.ts";
import { exclusively, openCache } from "./cache.ts";
import { integrityOf } from "../formats/manifest.ts";
import { fetchManifest } from "./fetch_manifest.ts";
import { originOf, type Body, type Fetch, type Origin } from "./origin.ts";
import { WeightsFile, type FileOptions, type Known } from "./weights_file.ts";

/** The access to bytes in memory, or undefined for sources that have to be downloaded. */
export function local(source: Source): RandomAccess | undefined {
  if (source instanceof Blob) return blobAccess(source);
  if (isArrayBuffer(source)) return bytesAccess(new Uint8Array(source), "weights");
  if (ArrayBuffer.isView(source)) return bytesAccess(source as Uint8Array, "weights");
  return undefined;
}

export type Remote = Parameters<typeof originOf>[0];
/** The fetch of the page, or of Node. */
export const fetched: Fetch = (...args) => fetch(...args);

/**
 * Opens a source; an address is downloaded meanwhile, or read from the cache. Resolves with the first bytes.
 * @throws SpadeError download, file, integrity; signal.reason on abort
 */
export async function openWeights(source: Source, o: LoadOptions): Promise<Weights> {
  o.signal?.throwIfAborted();
  const access = local(source);
  if (access) return verified(access, o);
  const get = o.fetch ?? fetched;
  const origin = originOf(source as Remote, get);
  const cache = origin.url ? await openCache(o.cache) : undefined;
  const options = { ...o, cache };
  const open = async (): Promise<WeightsFile> => {
    const file = new WeightsFile(origin, await whatIsKnown(origin, get, options), options);
    return file.opened();
  };
  if (!cache) return open();
  // The lock is held until the download has ended; a second session then finds the file in the cache.
  return new Promise<Weights>((resolve, reject) => {
    exclusively(origin.url!, o.signal, async () => {
      const file = await open();
      resolve(file);
      await file.finished.catch(() => undefined);
    }).catch(reject);
  });
}

/** Bytes at hand, checked against `integrity`. */
async function verified(access: RandomAccess, o: LoadOptions): Promise<Weights> {
  o.report?.(access.size, access.size);
  if (!o.integrity) return access;
  const unused: Origin = { name: access.name, open: () => Promise.reject(new Error("not a download")) };
  const stream = new Blob([(await access.read(0, access.size)) as Uint8Array<ArrayBuffer>]).stream();
  const body: Body = { stream, from: 0, size: access.size, validator: undefined };
  const file = new WeightsFile(unused, { body }, { ...o, cache: undefined });
  await file.finished;
  return file;
}

/** Asks the cache, the manifest and the server, in this order. */
async function whatIsKnown(
  origin: Origin,
  get: Fetch,
  { cache, integrity, signal, reload }: FileOptions & { fetch?: Fetch },
): Promise<Known> {
  const { url } = origin;
  if (!url) return { body: await origin.open(0, undefined, signal) };
  const entry = await cache?.entry(url);
  const whole = entry && (await cache!.isWhole(entry)) ? entry : undefined;
  const fromCache = (): Known => ({ manifest: whole, cached: whole!.parts.map(() => true), verified: true });
  if (integrity ? whole?.sha256 && integrityOf(whole.sha256) === integrity : reload && whole) return fromCache();
  const manifest = await fetchManifest(url, get, signal);
  if (manifest) {
    if (integrity && manifest.sha256 && integrityOf(manifest.sha256) !== integrity)
      throw new SpadeError(
        "integrity",
        origin.name,
        `its manifest says ${integrityOf(manifest.sha256)} where ${integrity} was wanted`,
        "correct `integrity`, or the file's address",
      );
    return { manifest, cached: cache && (await Promise.all(manifest.parts.map((hash) => cache.has(hash)))) };
  }
  let body: Body;
  try {
    body = await origin.open(0, undefined, signal);
  } catch (error) {
    signal?.throwIfAborted();
    // Offline: what the address held last. An answer of the server is the truth.
    if (whole && !integrity && error instanceof SpadeError && error.cause !== undefined) return fromCache();
    throw error;
  }
  const same = whole && body.validator !== undefined && body.validator === entry!.validator;
  if (!same || integrity) return { body };
  await body.stream.cancel().catch(() => undefined);
  return fromCache();
}
