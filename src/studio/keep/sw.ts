// The service worker: after the first visit the page opens without a network. It keeps the page's own files of one version; weights are kept
// by the engine, and pass by here.

/** Replaced by scripts/build/site.mjs: a hash of all files, and their paths from here. */
declare const VERSION: string;
declare const FILES: string[];

/** What of a service worker's global is used here; TypeScript's library for it excludes that of pages. */
interface Extendable extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface Fetching extends Extendable {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}
interface Scope {
  readonly registration: { readonly scope: string };
  addEventListener(type: "install" | "activate", listener: (event: Extendable) => void): void;
  addEventListener(type: "fetch", listener: (event: Fetching) => void): void;
}
const scope = self as unknown as Scope;

/** Of this site: several may lie on one origin. */
const PREFIX = `studio ${scope.registration.scope} `;
const NAME = PREFIX + VERSION;

scope.addEventListener("install", (event) =>
  event.waitUntil(
    // Past the browser's own cache, which may hold files of the version before.
    caches.open(NAME).then((cache) => cache.addAll(FILES.map((path) => new Request(path, { cache: "no-cache" })))),
  ),
);

// A new version waits until no page of the old one is open, so that the files of the old one stay as long as they are needed.
scope.addEventListener("activate", (event) =>
  event.waitUntil(
    caches
      .keys()
      .then((names) =>
        Promise.all(names.filter((n) => n.startsWith(PREFIX) && n !== NAME).map((n) => caches.delete(n))),
      ),
  ),
);

scope.addEventListener("fetch", (event) => {
  const { request } = event;
  const base = scope.registration.scope;
  // The page's own address is that of its folder.
  const path = request.url
    .slice(base.length)
    .replace(/[?#].*/s, "")
    .replace(/^(index\.html)?$/, "./");
  if (request.method !== "GET" || !request.url.startsWith(base) || request.headers.has("range")) return;
  if (!FILES.includes(path)) return;
  const kept = async (): Promise<Response | undefined> =>
    (await caches.open(NAME)).match(base + path.replace("./", ""));
  // A name with a hash always means the same bytes. Other files are taken from the network where there is one, so that a new version shows.
  event.respondWith(
    path.startsWith("assets/")
      ? kept().then((response) => response ?? fetch(request))
      : fetch(request).then(
          async (response) => (response.status >= 500 && (await kept())) || response,
          async (error: unknown) => {
            const response = await kept();
            if (response) return response;
            throw error;
          },
        ),
  );
});
