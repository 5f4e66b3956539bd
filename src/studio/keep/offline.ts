// The page opens without a network after its first visit, by the service worker (sw.ts).

/** Registers the worker, where browsers allow one. A page from a file, or over http, works without. */
export async function keepOffline(): Promise<void> {
  if (!isSecureContext || !("serviceWorker" in navigator)) return;
  try {
    await navigator.serviceWorker.register("sw.js");
  } catch {
    // The browser forbids it, or this server has no sw.js: the page needs the network then, and nothing else is lost.
  }
}
