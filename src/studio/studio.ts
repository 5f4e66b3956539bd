// The studio's state: the map, the net that paints it, styles, pictures. What the page shows are its signals; what a person does are its methods.

import { batch, computed, effect, signal, untracked, type ReadonlySignal } from "@preact/signals";
import type { Stats } from "../index.ts";
import { MapDocument } from "./map/document.ts";
import type { Net } from "./net/net.ts";
import { Engine } from "./net/engine.ts";
import type { Painted, Picture } from "./net/picture.ts";
import { Pace } from "./net/pace.ts";
import { Pictures } from "./net/pictures.ts";
import { isSame, isSameStyle } from "./net/same.ts";
import { Settings } from "./settings.ts";
import { screenLabels } from "./starts/colours.ts";
import { StyleLibrary, type StoredStyles, type StyleEntry } from "./styles/library.ts";
import { Thumbnails } from "./styles/thumbnails.ts";
import { texts } from "./texts.ts";

/** Times that are kept. */
const MOST_TIMES = 1000;

/** What a session begins with. */
export interface Beginning {
  readonly net: Net;
  readonly ids: Uint8Array;
  readonly styles?: StoredStyles;
  /** Shown until the first picture is there: the address of one of this map. */
  readonly poster?: string;
}

export class Studio {
  readonly settings = new Settings();
  readonly styles = new StyleLibrary();
  readonly thumbnails = new Thumbnails();
  readonly pictures = new Pictures();
  readonly pace = new Pace();
  readonly net = signal<Net>(undefined!);
  readonly doc = signal<MapDocument>(undefined!);
  readonly engine = signal<Engine>(undefined!);
  /** The picture that is shown; undefined until the first is there. */
  readonly shown = signal<Picture | undefined>(undefined);
  /** The address of a picture of the map that is shown meanwhile. */
  readonly poster = signal<string | undefined>(undefined);
  /** The shown picture is of the map and style that are there. */
  get upToDate(): ReadonlySignal<boolean> {
    return this.fits;
  }
  private readonly fits = signal(false);
  /** When the picture under way was asked for, and how long one took last, in ms. */
  readonly asked = signal<{ at: number; usual: number } | undefined>(undefined);
  /** The picture before is shown in place of this one. */
  readonly comparing = signal(false);
  /** Pictures are shown in true pixels, not smooth. */
  readonly pixels = signal(false);
  /** One line about what just happened. */
  readonly said = signal("");
  /** It is about what is under way, and stays until something else is said. */
  lasting = false;
  /** The net's labels in the colours of the screen. */
  readonly labels = computed(() => screenLabels(this.net.value.id, this.net.value.labels));
  /** A photo that shines through the map, and how much of it, 0 to 1. */
  readonly under = signal<ImageBitmap | undefined>(undefined);
  readonly underOpacity = signal(0.5);
  readonly canUndo = computed(() => this.doc.value.canUndo.value);
  readonly canRedo = computed(() => this.doc.value.canRedo.value);
  /** From each change to the picture that shows it, in ms, of the last changes. */
  readonly latencies: number[] = [];
  /** When the changes happened that no picture shows yet. */
  private readonly changes: number[] = [];
  private waiting = false;
  /** The version of the map that was asked for last. */
  private requested = -1;
  private stop = (): void => undefined;

  /** Opens a net with a map, in place of those that are there. */
  open({ net, ids, styles, poster }: Beginning): void {
    this.close(styles);
    this.pictures.clear();
    this.thumbnails.clear();
    this.shown.value = undefined;
    this.poster.value = poster;
    this.under.value = undefined;
    this.net.value = net;
    this.settings.label.value = net.labels.at(0)?.id ?? 0;
    this.settings.locked.value = new Set();
    this.doc.value = new MapDocument(net.width, net.height, ids);
    this.start(net);
  }

  private close(styles: StoredStyles | undefined): void {
    this.stop();
    this.engine.peek()?.dispose();
    this.fits.value = false;
    this.changes.length = 0;
    this.requested = -1;
    this.asked.value = undefined;
    this.styles.close(styles);
  }

  private start(net: Net): void {
    const engine = new Engine(net, (picture, stats) => this.painted(picture, stats));
    this.engine.value = engine;
    const ends = [
      effect(() => {
        const info = engine.info.value;
        if (info) untracked(() => this.styles.open(info.style, net.style));
      }),
      effect(() => {
        void this.doc.value.version.value;
        void this.styles.current.value;
        if (engine.info.value) untracked(() => this.changed());
      }),
      effect(() => {
        const styles = this.styles.all.value;
        void this.doc.value.steps.value;
        if (!this.shown.value) return;
        untracked(() => {
          this.keep();
          this.thumbs(styles);
        });
      }),
    ];
    this.stop = () => ends.forEach((end) => end());
  }

  /** What the picture is to show. */
  private wish(): Painted {
    return { ids: this.doc.value.ids, style: this.styles.current.value, at: this.changes.at(-1) };
  }

  /** Map or style have changed; what changes together is asked for once. */
  private changed(): void {
    if (this.waiting) return;
    this.waiting = true;
    queueMicrotask(() => {
      this.waiting = false;
      this.request();
    });
  }

  private request(): void {
    const { version } = this.doc.value;
    if (version.value !== this.requested) this.thumbnails.stale();
    this.requested = version.value;
    this.changes.push(performance.now());
    const kept = this.pictures.find(this.wish());
    if (kept) {
      this.changes.length = 0;
      this.asked.value = undefined;
      this.show(kept);
      // It may be the one that is shown already, as where the same map is opened again.
      this.thumbs(this.styles.all.value);
      return;
    }
    this.fits.value = false;
    this.asked.value ??= { at: performance.now(), usual: this.engine.value.stats.value?.total ?? 1000 };
    this.pace.changed(() => this.engine.value.paint(this.wish()), this.doc.value.editing);
  }

  private painted(picture: Picture, stats: Stats): void {
    this.pace.note(stats);
    const isNewest = isSame(picture, this.wish());
    // Undo may have brought an earlier picture back meanwhile.
    if (this.fits.value && !isNewest) return;
    const now = performance.now();
    const first = this.changes.findIndex((at) => at > (picture.at ?? now));
    const seen = this.changes.splice(0, first < 0 ? this.changes.length : first);
    this.latencies.push(...seen.map((at) => now - at));
    if (this.latencies.length > MOST_TIMES) this.latencies.splice(0, this.latencies.length - MOST_TIMES);
    this.asked.value = isNewest ? undefined : { at: now, usual: stats.total };
    this.show(picture);
    this.keep();
  }

  /** Keeps the shown picture if it is one of a whole step: not of half a stroke, nor of a style under the pointer. */
  private keep(): void {
    const { shown, fits } = this;
    if (shown.value && fits.value && !this.doc.value.editing && !this.styles.hovered.value)
      this.pictures.keep(shown.value);
  }

  private show(picture: Picture): void {
    batch(() => {
      this.shown.value = picture;
      this.poster.value = undefined;
      this.fits.value = isSame(picture, this.wish());
    });
  }

  private thumbs(styles: readonly StyleEntry[]): void {
    if (!styles.length || !this.upToDate.value || this.doc.value.editing || this.styles.hovered.value) return;
    this.thumbnails.paint(this.engine.value, this.doc.value.ids, styles);
  }

  /** Takes the map and style of a picture back, in one step of undo. */
  restore({ ids, style }: Picture): void {
    this.doc.value.replace(ids.slice());
    const entry = this.styles.all.value.find(({ z }) => style && isSameStyle(z, style));
    if (entry) this.styles.choose(entry.id);
  }

  togglePixels(): void {
    this.pixels.value = !this.pixels.value;
  }

  /** Opens the same net again; all else stays as it is. */
  retry(): void {
    this.close(this.styles.stored());
    this.thumbnails.stale();
    this.start(this.net.value);
  }

  roll(): void {
    this.styles.roll(texts.styles.thrown);
  }

  say(line: string, lasting = false): void {
    this.lasting = lasting;
    this.said.value = line;
  }
}
