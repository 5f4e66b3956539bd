// What a person has painted, over reloads: documents in IndexedDB. A tab holds the lock of its document, so that no other tab writes to it; a
// second tab begins with a copy.

import { createStore, del, entries, promisifyRequest, type UseStore } from "idb-keyval";
import { Copies } from "./copies.ts";

/** A document as it is kept. */
export interface Kept {
  /** The net's id in nets.json. */
  readonly net: string;
  /** Of the map, in pixels. */
  readonly width: number;
  readonly height: number;
  readonly ids: Uint8Array;
  /** Of the page: styles with their names, settings. Plain data, which the page checks itself. */
  readonly styles?: unknown;
  readonly settings?: unknown;
}

interface Stored extends Kept {
  readonly version: 1;
  /** ms since 1970. */
  readonly saved: number;
}

/** The document of this tab. */
export interface Opened {
  readonly key: string;
  /** What to begin with; undefined: the first visit, or nothing of use was kept. */
  readonly kept: Kept | undefined;
  /** Another tab has the document that `kept` is from. */
  readonly isCopy: boolean;
}

/** Documents that are kept; the oldest that no tab has open goes. */
const MOST = 8;
/** How long a reloaded page waits until its former self has let go of the lock. */
const WAIT_MS = 1000;
/** sessionStorage: the key of this tab's document. */
const TAB = "studio document";

export class Documents {
  private readonly store: UseStore;
  private readonly copies: Copies;
  /** Writes so far. */
  private writes = 0;

  constructor(private readonly name = "spade-webgpu studio") {
    this.store = createStore(name, "documents");
    this.copies = new Copies(name);
  }

  /**
   * Opens the document of this tab: the one that it had before a reload, else the newest that no other tab has open, else a copy of the newest.
   * @throws DOMException if the browser lets this page keep nothing
   */
  async open(): Promise<Opened> {
    const all = await this.all();
    const own = remembered();
    const opened = (await this.take(all, own)) ?? (await this.copy(all));
    remember(opened.key);
    await this.tidy(
      all.map(([key]) => key),
      opened.key,
    );
    return opened;
  }

  /** @throws DOMException if the browser can't, as when its room is used up */
  async write(key: string, kept: Kept): Promise<void> {
    const stored: Stored = { ...kept, ids: kept.ids.slice(), version: 1, saved: Date.now() };
    this.copies.put(key, stored);
    const turn = ++this.writes;
    await this.store("readwrite", (store) => {
      store.put(stored, key);
      // A page that is left does not live until the transaction would end of itself.
      store.transaction.commit();
      return promisifyRequest(store.transaction);
    });
    // Else the copy is that of a later write.
    if (turn === this.writes) this.copies.remove(key);
  }

  /** What is kept, the newest first. */
  private async all(): Promise<[string, Stored][]> {
    const found = new Map((await entries<string, Stored>(this.store)).filter(([, stored]) => isSound(stored)));
    for (const [key, copy] of this.copies.left()) {
      const stored = copy as Partial<Stored>;
      if (isSound(stored) && stored.saved > (found.get(key)?.saved ?? 0)) found.set(key, stored);
    }
    return [...found].sort(([, a], [, b]) => b.saved - a.saved);
  }

  private async take(all: readonly [string, Stored][], own: string | undefined): Promise<Opened | undefined> {
    for (const key of new Set([...(own === undefined ? [] : [own]), ...all.map(([key]) => key)])) {
      if (!(await this.hold(key, key === own ? WAIT_MS : 0))) continue;
      // A page that is reloaded may have written until it let go of the lock.
      const kept = new Map(await this.all()).get(key);
      if (kept) return { key, kept, isCopy: false };
    }
    return undefined;
  }

  /** A new document, with what the newest holds. */
  private async copy(all: readonly [string, Stored][]): Promise<Opened> {
    const key = crypto.randomUUID();
    await this.hold(key, 0);
    const kept = all.at(0)?.[1];
    return { key, kept, isCopy: kept !== undefined };
  }

  /** Takes a document's lock, until the page ends. @returns false: another tab has it */
  private hold(key: string, wait: number): Promise<boolean> {
    // Without locks every tab has documents of its own, by sessionStorage.
    if (!navigator.locks) return Promise.resolve(wait > 0);
    const options = wait ? { signal: AbortSignal.timeout(wait) } : { ifAvailable: true };
    return new Promise((resolve) => {
      navigator.locks
        .request(this.lock(key), options, (lock) => {
          resolve(lock !== null);
          return lock ? new Promise(() => undefined) : undefined;
        })
        .catch(() => resolve(false));
    });
  }

  private lock(key: string): string {
    return `${this.name} ${key}`;
  }

  /** Removes the oldest documents that no tab has open. @param keys the newest first */
  private async tidy(keys: readonly string[], own: string): Promise<void> {
    const held = new Set((await navigator.locks?.query())?.held?.map(({ name }) => name));
    const old = keys.slice(MOST).filter((key) => key !== own && !held.has(this.lock(key)));
    await Promise.all(old.map((key) => del(key, this.store)));
    for (const key of old) this.copies.remove(key);
  }
}

/** What this program, or one after it, has written. */
function isSound(stored: Partial<Stored> | undefined): stored is Stored {
  const { version, net, width, height, ids } = stored ?? {};
  return version === 1 && typeof net === "string" && ids instanceof Uint8Array && ids.length === width! * height!;
}

function remembered(): string | undefined {
  try {
    return sessionStorage.getItem(TAB) ?? undefined;
  } catch {
    // The browser forbids it.
    return undefined;
  }
}

function remember(key: string): void {
  try {
    sessionStorage.setItem(TAB, key);
  } catch {
    // A reload then takes the newest document that is free.
  }
}
