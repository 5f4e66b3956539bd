// Lets other tasks of the thread run (frames, input, our own requests), and waits.

/** Milliseconds of work after which a long loop lets others run. */
const SHARE = 8;

/** A new task; a resolved promise would only be a microtask, which holds frames back. */
function nextTask(): Promise<void> {
  const { scheduler, setImmediate: soon } = globalThis as {
    scheduler?: { yield?(): Promise<void> };
    setImmediate?(then: () => void): void;
  };
  if (scheduler?.yield) return scheduler.yield();
  return new Promise((done) => {
    if (soon) return soon(done);
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      done();
    };
    port2.postMessage(0);
  });
}

/** Call the result often in a long loop and await it: it lets other tasks run every few milliseconds. */
export function polite(): () => Promise<void> | undefined {
  let since = performance.now();
  return () => {
    if (performance.now() - since < SHARE) return undefined;
    return nextTask().then(() => void (since = performance.now()));
  };
}

/** Resolves after `ms`; rejects with the signal's reason when it aborts before. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal!.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
