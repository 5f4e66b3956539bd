// <spade-canvas>: a net that paints a label map, as an element of a page.

import {
  SpadeError,
  type LabelMap,
  type Live,
  type Progress,
  type Spade,
  type Stats,
  type Style,
} from "../../index.ts";
import { pilNearestResize } from "../../pictures/pil_nearest.ts";
import { hold, type Hold } from "./shared.ts";

// A server that imports this has no elements.
const Base = ("customElements" in globalThis ? HTMLElement : class {}) as typeof HTMLElement;

const STYLE = `
:host { display: inline-block; position: relative; vertical-align: bottom; }
:host([hidden]), [hidden] { display: none !important; }
canvas { display: block; width: 100%; height: 100%; }
:host([pixels]) canvas { image-rendering: pixelated; }
progress { position: absolute; inset: auto 0 0 0; width: 100%; height: 4px; appearance: none; border: 0; background: #0002; }
progress::-webkit-progress-bar { background: #0002; }
progress::-webkit-progress-value { background: currentColor; }
progress::-moz-progress-bar { background: currentColor; }
p { position: absolute; inset: auto 0 4px 0; margin: 0; padding: 0.5em; font: 13px/1.4 system-ui, sans-serif; color: #fff; background: #000b; overflow-wrap: anywhere; }
`;

/** Constructed once: a page's CSP may forbid style elements. */
let sheet: CSSStyleSheet | undefined;

/** What the element shows instead of the browser's words. */
const ASKS = "set the attribute src to the address of a .safetensors file";

/**
 * Attributes: `src` (the weights' address), `map` (a PNG of label ids, or GauGAN's RGB), `style-seed` (a whole number), `integrity` (as of
 * <script>), `pixels` (true pixels where the element is larger than the picture), `loading` ("lazy", the default: when it comes near the
 * window; or "eager"). Maps of another size are resized like in training. Elements with the same `src` share one session.
 *
 * Events: `progress` (its `detail` is a Progress), `ready`, `picture` (a Stats), `error` (a SpadeError, or what failed). Parts: `canvas`, `bar`,
 * `message`. The element has the picture's size, unless CSS gives it another.
 */
export class SpadeCanvas extends Base {
  /** @internal Read by the browser. */
  static readonly observedAttributes = ["src", "map", "style-seed", "integrity"];

  private canvas!: HTMLCanvasElement;
  private bar!: HTMLProgressElement;
  private message!: HTMLParagraphElement;
  private held: Hold | undefined;
  private live: Live | undefined;
  private observer: IntersectionObserver | undefined;
  private ownMap: LabelMap | undefined;
  private ownStyle: Style | undefined;
  private promise: Promise<Spade> | undefined;
  private settle: { resolve(spade: Spade | Promise<Spade>): void; reject(error: unknown): void } | undefined;
  /** Of the PNG that is being fetched: what comes for an older one is dropped. */
  private fetching = new AbortController();

  /** The session, when it is loaded: for `info`, `toBlob`, `encode` ... The element disposes it. */
  get spade(): Promise<Spade> {
    return this.loaded();
  }

  private loaded(): Promise<Spade> {
    if (!this.promise) {
      this.promise = new Promise<Spade>((resolve, reject) => (this.settle = { resolve, reject }));
      // The event and the message say it too.
      this.promise.catch(() => undefined);
    }
    return this.promise;
  }

  /** The map to paint: the ids themselves, or the address of a PNG, as the attribute. */
  get map(): LabelMap | string | null {
    return this.ownMap ?? this.getAttribute("map");
  }

  set map(map: LabelMap | string | null) {
    if (typeof map === "string") {
      this.ownMap = undefined;
      this.setAttribute("map", map);
    } else this.ownMap = map ?? undefined;
    void this.paint();
  }

  /** The style; the attribute `style-seed` is the same as a number. */
  get styleValue(): Style | undefined {
    const seed = this.getAttribute("style-seed");
    return this.ownStyle ?? (seed === null ? undefined : Number(seed));
  }

  set styleValue(style: Style | undefined) {
    this.ownStyle = style;
    this.restyle();
  }

  /** @internal Called by the browser. */
  connectedCallback(): void {
    this.build();
    if (this.held || this.observer) return;
    if (this.getAttribute("loading") === "eager") return this.load();
    this.observer = new IntersectionObserver(
      (entries) => {
        if (!entries.some((e) => e.isIntersecting)) return;
        this.observer?.disconnect();
        this.load();
      },
      { rootMargin: "200px" },
    );
    this.observer.observe(this);
  }

  /** @internal Called by the browser. An element that only moves in the page is connected again at once. */
  disconnectedCallback(): void {
    queueMicrotask(() => this.isConnected || this.unload());
  }

  /** @internal Called by the browser. */
  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (!this.canvas || before === now) return;
    if (name === "map") {
      this.ownMap = undefined;
      void this.paint();
    } else if (name === "style-seed") {
      this.ownStyle = undefined;
      this.restyle();
    } else if (this.held) {
      this.unload();
      this.load();
    }
  }

  private build(): void {
    if (this.canvas) return;
    const root = this.attachShadow({ mode: "open" });
    sheet ??= new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    const add = <K extends keyof HTMLElementTagNameMap>(tag: K, part: string): HTMLElementTagNameMap[K] => {
      const element = root.appendChild(document.createElement(tag));
      element.setAttribute("part", part);
      return element;
    };
    this.canvas = add("canvas", "canvas");
    this.canvas.role = "img";
    this.canvas.ariaLabel = this.getAttribute("aria-label") ?? "picture";
    this.bar = add("progress", "bar");
    this.bar.hidden = true;
    this.message = add("p", "message");
    this.message.role = "status";
    this.message.hidden = true;
  }

  private tell(type: string, detail?: unknown): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  private say(text: string): void {
    this.message.textContent = text;
    this.message.hidden = !text;
  }

  private fail(error: unknown): void {
    this.bar.hidden = true;
    this.say((error as Error)?.message ?? String(error));
    this.tell("error", error);
  }

  private load(): void {
    this.observer?.disconnect();
    this.observer = undefined;
    const src = this.getAttribute("src");
    if (!src) return this.fail(new SpadeError("usage", "<spade-canvas>", "has no weights", ASKS));
    const integrity = (this.getAttribute("integrity") ?? undefined) as `sha256-${string}` | undefined;
    const held = hold({ weights: new URL(src, document.baseURI).href, integrity }, (p) => this.progress(p));
    this.held = held;
    void this.loaded();
    held.spade.then(
      (spade) => this.held === held && this.ready(spade),
      (error: unknown) => {
        if (this.held !== held) return;
        held.release();
        this.held = undefined;
        this.settle?.reject(error);
        this.promise = undefined;
        this.fail(error);
      },
    );
  }

  private progress(p: Progress): void {
    this.bar.hidden = p.phase === "ready";
    this.bar.value = p.progress;
    this.say("");
    this.tell("progress", p);
  }

  private ready(spade: Spade): void {
    const { width, height } = spade.info;
    Object.assign(this.canvas, { width, height });
    this.live = spade.live({ canvas: this.canvas, onFrame: (stats) => this.shown(stats) });
    spade.addEventListener("lost", this.lost);
    spade.addEventListener("restored", this.restored);
    this.settle?.resolve(spade);
    this.tell("ready");
    void this.paint();
  }

  /** The GPU is lost: the session opens another, or gives up. */
  private readonly lost = (event: Event): void => {
    if ((event as Event & { willRestore: boolean }).willRestore) this.say("One moment: the GPU is being opened again.");
    else this.fail(new SpadeError("device-lost", "GPU", "was lost", "reload the page"));
  };

  private readonly restored = (): void => {
    this.say("");
    void this.paint();
  };

  private shown(stats: Stats): void {
    this.say("");
    this.tell("picture", stats);
  }

  private restyle(): void {
    if (!this.live) return;
    try {
      this.live.style = this.styleValue;
      this.watch();
    } catch (error) {
      this.fail(error);
    }
  }

  private async paint(): Promise<void> {
    this.fetching.abort();
    const { live, map } = this;
    if (!live || !map) return;
    const { signal } = (this.fetching = new AbortController());
    try {
      const { width, height } = (await this.loaded()).info;
      const read = typeof map === "string" ? await readMap(map, signal) : map;
      if (signal.aborted || this.live !== live) return;
      const fits = read.width === width && read.height === height;
      if (live.style !== this.styleValue) live.style = this.styleValue;
      live.update(fits ? read : pilNearestResize(read, width, height));
      this.watch();
    } catch (error) {
      if (!signal.aborted && this.live === live) this.fail(error);
    }
  }

  /** Shows what the newest picture fails with. */
  private watch(): void {
    const { live } = this;
    live?.idle().catch((error: unknown) => this.live === live && this.fail(error));
  }

  private unload(): void {
    this.observer?.disconnect();
    this.observer = undefined;
    this.fetching.abort();
    this.live?.stop();
    this.live = undefined;
    const { held } = this;
    this.held = undefined;
    void held?.spade.then(
      (spade) => {
        spade.removeEventListener("lost", this.lost);
        spade.removeEventListener("restored", this.restored);
      },
      () => undefined,
    );
    held?.release();
    this.settle?.reject(new SpadeError("disposed", "<spade-canvas>", "was removed from the page", "insert it again"));
    this.promise = this.settle = undefined;
    if (this.bar) this.bar.hidden = true;
  }
}

/** Fetches and reads a PNG; what reads it is loaded at the first one. */
async function readMap(address: string, signal: AbortSignal): Promise<LabelMap> {
  const url = new URL(address, document.baseURI).href;
  const response = await fetch(url, { signal }).catch((cause: unknown) => {
    signal.throwIfAborted();
    const fix = "check the address, and that its server allows this page (CORS)";
    throw new SpadeError("download", url, "can't be fetched", fix, cause);
  });
  if (!response.ok)
    throw new SpadeError("download", url, `the server answers ${response.status}`, "check the attribute map");
  const { decodeLabelMap } = await import("../../label_maps.ts");
  return decodeLabelMap(await response.arrayBuffer());
}
