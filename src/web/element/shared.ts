// Sessions that elements with the same weights share.

import { createSpade, type Progress, type Spade, type SpadeOptions } from "../../index.ts";

interface Shared {
  readonly spade: Promise<Spade>;
  readonly abort: AbortController;
  readonly watchers: Set<(p: Progress) => void>;
  last?: Progress;
}

const sessions = new Map<string, Shared>();

/** What an element holds of a session. */
export interface Hold {
  readonly spade: Promise<Spade>;
  /** Gives it back. Nobody holds it: it is disposed. */
  release(): void;
}

/** A session with these weights: a new one, or that of another element. */
export function hold(
  options: Pick<SpadeOptions, "integrity"> & { weights: string },
  onProgress: (p: Progress) => void,
): Hold {
  const key = `${options.weights} ${options.integrity ?? ""}`;
  let shared = sessions.get(key);
  if (!shared) {
    const abort = new AbortController();
    const watchers = new Set<(p: Progress) => void>();
    const tell = (p: Progress): void => {
      made.last = p;
      for (const watcher of watchers) watcher(p);
    };
    const made: Shared = {
      abort,
      watchers,
      spade: createSpade({ ...options, signal: abort.signal, onProgress: tell }),
    };
    sessions.set(key, (shared = made));
    // The next element tries again.
    made.spade.catch(() => sessions.get(key) === made && sessions.delete(key));
  }
  const { spade, abort, watchers } = shared;
  watchers.add(onProgress);
  if (shared.last) onProgress(shared.last);
  return {
    spade,
    release() {
      if (!watchers.delete(onProgress) || watchers.size) return;
      if (sessions.get(key)?.spade === spade) sessions.delete(key);
      abort.abort();
      spade.then(
        (s) => s.dispose(),
        () => undefined,
      );
    },
  };
}
