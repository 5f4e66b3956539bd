// A weights file that is read while it arrives: parts of 4 MB, checked against their hashes where a manifest has them, kept in the cache
// where there is one. Readers wait for the bytes they ask for.

import { checkHead, HEAD_BYTES } from "../formats/checkpoint.ts";
import { dataEnd, headerEnd } from "../formats/safetensors.ts";
import { checkRange } from "../formats/tensors.ts";
import { SpadeError } from "../runtime/errors.ts";
import type { LoadOptions, Weights } from "../session/host.ts";
import type { WeightsCache } from "./cache.ts";
import { download, readerOf } from "./download.ts";
import { integrityOf, PART, sha256, type Manifest } from "../formats/manifest.ts";
import type { Body, Origin } from "./origin.ts";

/** Most bytes of a file: five times the largest published generator (COCO, f32). */
const MOST_BYTES = 2 ** 31;
/** Parts in memory beside the one that arrives: tensors are read in the file's order, and one may reach into the next part. */
const RECENT = 2;

export interface FileOptions extends Omit<LoadOptions, "cache" | "fetch"> {
  readonly cache?: WeightsCache;
}

/** What is known of a file before its bytes are. */
export interface Known {
  readonly manifest?: Manifest;
  /** Which parts the cache has. */
  readonly cached?: readonly boolean[];
  /** The manifest was noted here after a download that fitted it. */
  readonly verified?: boolean;
  /** An open download from byte 0 on. */
  readonly body?: Body;
}

export class WeightsFile implements Weights {
  readonly name: string;
  /** All bytes are there, and fit the hashes. Nothing may be painted before. */
  readonly finished: Promise<void>;
  /** Every byte came from the cache. */
  readonly cached: boolean;
  private bytes: number | undefined;
  private cache: WeightsCache | undefined;
  private readonly closing = new AbortController();
  private readonly signal: AbortSignal;
  /** Hashes of parts: the manifest's, else computed for the cache. */
  private readonly hashes: (string | undefined)[];
  private readonly inCache: boolean[];
  /** Parts outside the JavaScript heap: those that the cache does not have, or that nobody has read yet. */
  private readonly blobs: (Blob | undefined)[] = [];
  private readonly recent = new Map<number, Uint8Array>();
  /** The part of which the last brief read gave a view, and those of which others have one for as long as they like. */
  private lent: Uint8Array | undefined;
  private readonly given = new WeakSet<Uint8Array>();
  /** The buffer of a part that nobody reads any more. */
  private spare: Uint8Array | undefined;
  /** The part that is being checked, and those on their way into the cache. The download goes on meanwhile. */
  private checking: Promise<void> = Promise.resolve();
  private storing: Promise<void> = Promise.resolve();
  private readonly arrived = new Set<number>();
  private headArrived = false;
  /** Where a safetensors file's header ends, and the header while the first part is still arriving. */
  private headerEnd = 0;
  private early: Uint8Array | undefined;
  private waiting: (() => void)[] = [];
  private loaded = 0;
  private failure: { error: unknown } | undefined;

  /** @param body.stream is read at once */
  constructor(
    private readonly origin: Origin,
    private readonly known: Known,
    private readonly o: FileOptions,
  ) {
    this.name = origin.name;
    this.cache = o.cache;
    this.signal = AbortSignal.any([this.closing.signal, ...(o.signal ? [o.signal] : [])]);
    this.bytes = known.manifest?.bytes ?? known.body?.size;
    this.hashes = [...(known.manifest?.parts ?? [])];
    this.inCache = [...(known.cached ?? [])];
    this.inCache.forEach((there, i) => there && this.arrived.add(i));
    this.cached = this.inCache.length > 0 && this.inCache.every(Boolean);
    // A later visit goes on with the parts that have arrived: a failure too waits until the cache has them.
    const stored = (): Promise<void> => this.checking.catch(() => undefined).then(() => this.storing);
    this.finished = this.load().finally(stored);
    this.finished.catch((error: unknown) => {
      this.failure = { error };
      this.wake();
    });
  }

  /** Resolves when the size is known and the first bytes are those of a checkpoint. @throws what `finished` rejects with */
  async opened(): Promise<this> {
    await this.until(() => this.bytes !== undefined && this.headArrived);
    return this;
  }

  get size(): number {
    return this.bytes!;
  }

  async read(offset: number, length: number, brief?: boolean): Promise<Uint8Array> {
    checkRange(this.name, this.size, offset, length);
    if (offset + length <= this.headerEnd) {
      await this.until(() => this.early !== undefined || this.arrived.has(0));
      if (this.early) return this.early.subarray(offset, offset + length);
    }
    const first = Math.floor(offset / PART);
    const last = Math.floor(Math.max(offset, offset + length - 1) / PART);
    if (first === last)
      return this.use(first, (bytes) => {
        if (brief) this.lent = bytes;
        else this.given.add(bytes);
        this.forget((i) => i < first);
        return bytes.subarray(offset - first * PART, offset - first * PART + length);
      });
    const out = new Uint8Array(length);
    for (let i = first; i <= last; i++) {
      const start = i * PART;
      await this.use(i, (bytes) =>
        out.set(bytes.subarray(Math.max(0, offset - start), offset + length - start), Math.max(0, start - offset)),
      );
    }
    return out;
  }

  /** The header is read before its part is checked. */
  confirm(): Promise<void> {
    return this.until(() => this.arrived.has(0));
  }

  async close(): Promise<void> {
    this.closing.abort(new SpadeError("disposed", this.name, "was closed", "open it again"));
    await this.finished.catch(() => undefined);
    this.recent.clear();
    this.lent = this.spare = this.early = undefined;
    this.blobs.length = 0;
  }

  private async until(there: () => boolean): Promise<void> {
    while (!there()) {
      if (this.failure) throw this.failure.error;
      await new Promise<void>((done) => this.waiting.push(done));
    }
  }

  private wake(): void {
    for (const done of this.waiting.splice(0)) done();
  }

  /** Calls `take` with a part, which may keep no view of it: its buffer is used again. */
  private async use<T>(i: number, take: (bytes: Uint8Array) => T): Promise<T> {
    await this.until(() => this.arrived.has(i));
    let bytes = this.recent.get(i);
    if (!bytes) {
      bytes =
        (this.blobs[i] && (await this.bytesOf(this.blobs[i]))) ??
        (await this.cache?.part(this.hashes[i]!)) ??
        (await this.fetchAgain(i));
      this.remember(i, bytes);
    }
    return take(bytes);
  }

  /** A buffer of `size` bytes: that of a part which nobody reads any more, if there is one. */
  private room(size: number): Uint8Array {
    const { spare } = this;
    if (!spare || size !== spare.length) return new Uint8Array(size);
    this.spare = undefined;
    return spare;
  }

  private async bytesOf(blob: Blob): Promise<Uint8Array> {
    const bytes = this.room(blob.size);
    const reader = readerOf(blob.stream());
    for (let at = 0; at < bytes.length;) {
      const { value } = await reader.read();
      if (!value) throw new SpadeError("download", this.name, "was lost by the browser", "load it again");
      bytes.set(value, at);
      at += value.length;
    }
    return bytes;
  }

  private remember(i: number, bytes: Uint8Array): void {
    this.recent.set(i, bytes);
    this.forget((_, beyond) => beyond >= RECENT);
  }

  /** Drops parts from memory, and the copies of those that the cache has too. @param beyond number of parts that came later */
  private forget(which: (i: number, beyond: number) => boolean): void {
    let beyond = this.recent.size;
    for (const [i, buffer] of this.recent) {
      if (!which(i, --beyond)) continue;
      this.recent.delete(i);
      if (buffer !== this.lent && !this.given.has(buffer) && buffer.length === PART) this.spare = buffer;
    }
    this.blobs.forEach((_, i) => {
      if (this.inCache[i] && which(i, 0)) this.blobs[i] = undefined;
    });
  }

  /** A part that the browser has taken from the cache meanwhile. */
  private async fetchAgain(i: number): Promise<Uint8Array> {
    const end = Math.min((i + 1) * PART, this.size);
    const out = new Uint8Array(end - i * PART);
    let at = 0;
    for await (const chunk of download(this.origin, {
      from: i * PART,
      end: () => end,
      partial: true,
      signal: this.signal,
    })) {
      out.set(chunk, at);
      at += chunk.length;
    }
    await this.checkPart(i, out);
    return out;
  }

  private async load(): Promise<void> {
    if (this.bytes !== undefined) this.checkSize(this.bytes);
    this.loaded = this.inCache.reduce((sum, there, i) => sum + (there ? this.lengthOf(i) : 0), 0);
    if (this.loaded) this.o.report?.(this.loaded, this.bytes);
    if (this.inCache[0]) await this.use(0, (bytes) => this.checkFirst(bytes.subarray(0, HEAD_BYTES)));
    for (let i = 0; this.bytes === undefined || i * PART < this.bytes;) {
      const from = i++;
      if (this.inCache[from]) continue;
      while (this.bytes !== undefined && i * PART < this.bytes && !this.inCache[i]) i++;
      // A download of unknown size goes to the end of the file.
      const to = this.bytes === undefined ? Infinity : i;
      await this.loadRun(from, to);
      i = to;
    }
    await this.checking;
    await this.storing;
    await this.verifyWhole();
    this.o.report?.(this.size, this.size);
  }

  private lengthOf(i: number): number {
    return Math.min(PART, this.size - i * PART);
  }

  /** Downloads parts [i, to). */
  private async loadRun(i: number, to: number): Promise<void> {
    const end = (): number | undefined => (this.bytes === undefined ? undefined : Math.min(to * PART, this.bytes));
    const range = { from: i * PART, end, partial: end() !== this.bytes, signal: this.signal };
    const space = (): number => (this.bytes === undefined ? PART : this.lengthOf(i));
    let buffer = this.room(space());
    let filled = 0;
    for await (const chunk of download(this.origin, { ...range, first: i === 0 ? this.known.body : undefined })) {
      for (let at = 0; at < chunk.length;) {
        const taken = chunk.subarray(at, at + buffer.length - filled);
        buffer.set(taken, filled);
        at += taken.length;
        filled += taken.length;
        if (i === 0) this.head(buffer.subarray(0, filled), space());
        if (filled < space()) continue;
        await this.deliver(i, buffer.subarray(0, filled));
        filled = 0;
        if (++i < to && (this.bytes === undefined || i * PART < this.bytes)) buffer = this.room(space());
      }
      this.loaded += chunk.length;
      this.checkSize(this.bytes ?? this.loaded);
      this.o.report?.(this.loaded, this.bytes);
    }
    if (this.bytes !== undefined) return;
    // Only a file of unknown size ends within a part.
    if (i === 0) this.head(buffer.subarray(0, filled), filled);
    this.setSize(i * PART + filled);
    if (filled) await this.deliver(i, buffer.subarray(0, filled));
  }

  /** Looks at the file's beginning: what it is, and how long, if the server did not say. */
  private head(bytes: Uint8Array, whole: number): void {
    if (!this.headArrived && bytes.length >= Math.min(HEAD_BYTES, whole))
      this.checkFirst(bytes.subarray(0, HEAD_BYTES));
    if (this.bytes === undefined) this.setSize(dataEnd(bytes));
    if (this.early || !this.headerEnd || bytes.length < this.headerEnd) return;
    this.early = bytes.slice(0, this.headerEnd);
    this.wake();
  }

  private setSize(bytes: number | undefined): void {
    if (this.bytes !== undefined || bytes === undefined) return;
    this.checkSize(bytes);
    this.bytes = bytes;
    this.wake();
  }

  private checkSize(bytes: number): void {
    if (bytes > MOST_BYTES)
      throw new SpadeError("download", this.name, `is larger than ${MOST_BYTES / 2 ** 20} MiB`, "check the address");
  }

  private checkFirst(head: Uint8Array): void {
    checkHead(this.o.readers, this.name, head);
    this.headArrived = true;
    this.headerEnd = headerEnd(head) ?? 0;
    this.wake();
  }

  private async checkPart(i: number, bytes: Uint8Array): Promise<void> {
    const expected = this.hashes[i];
    if (!expected && !this.cache) return;
    const found = await sha256(bytes);
    if (expected && found !== expected)
      throw new SpadeError(
        "integrity",
        this.name,
        `bytes ${i * PART} to ${i * PART + bytes.length} hash to ${found} where the manifest has ${expected}`,
        "download it again; if that does not help, the file and its manifest do not belong together",
      );
    this.hashes[i] = found;
  }

  /** Checks a part and hands it to the readers and the cache, when the one before it has been checked; resolves then. */
  private async deliver(i: number, bytes: Uint8Array): Promise<void> {
    await this.checking;
    this.checking = this.checkPart(i, bytes).then(() => {
      const blob = (this.blobs[i] = new Blob([bytes as Uint8Array<ArrayBuffer>]));
      this.remember(i, bytes);
      this.arrived.add(i);
      this.wake();
      // With `integrity` nothing is cached before the whole file is known to fit.
      if (!this.o.integrity) this.storing = this.storing.then(() => this.store(i, blob));
    });
    // Ends the download, which ends with this error.
    this.checking.catch((error: unknown) => this.closing.abort(error));
  }

  private async store(i: number, blob: Blob): Promise<void> {
    if (!this.cache || !this.origin.url) return;
    try {
      await this.cache.putPart(this.hashes[i]!, blob);
      this.inCache[i] = true;
    } catch (cause) {
      this.cache = undefined;
      this.o.onMemoryOnly?.(cause);
    }
  }

  /** Checks `integrity`, and notes in the cache what the address holds. */
  private async verifyWhole(): Promise<void> {
    const { integrity } = this.o;
    let whole = this.known.manifest?.sha256;
    const count = Math.ceil(this.size / PART);
    if (integrity && !(this.known.verified && whole && integrityOf(whole) === integrity)) {
      const all = await this.read(0, this.size);
      whole = await sha256(all);
      if (integrityOf(whole) !== integrity)
        throw new SpadeError(
          "integrity",
          this.name,
          `hash to ${integrityOf(whole)} where ${integrity} was wanted`,
          "download them again, or correct `integrity`",
        );
      for (let i = 0; i < count; i++) if (!this.inCache[i]) await this.store(i, this.blobs[i]!);
    }
    if (!this.cache || !this.origin.url || this.known.verified) return;
    const entry = { bytes: this.size, sha256: whole, parts: this.hashes as string[] };
    try {
      await this.cache.putEntry(this.origin.url, { ...entry, validator: this.known.body?.validator });
    } catch (cause) {
      this.o.onMemoryOnly?.(cause);
    }
  }
}
