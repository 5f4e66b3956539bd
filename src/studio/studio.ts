// The studio's state: the map, the net that paints it, styles, pictures. What the page shows are its signals; what a person does are its methods.

import { batch, computed, effect, signal, untracked, type ReadonlySignal } from "@preact/signals";
import type { Stats } from "../index.ts";
import { MapDocument } from "./map/document.ts";
import type { Net } from "./net/net.ts";
import { Engine, type Painted, type Picture } from "./net/engine.ts";
import { Pace } from "./net/pace.ts";
import { Pictures } from "./net/pictures.ts";
import { isSame, isSameStyle } from "./net/same.ts";
import { Settings } from "./settings.ts";
import { StyleLibrary, type StoredStyles } from "./styles/library.ts";
import { Thumbnails } from "./styles/thumbnails.ts";
import { texts } from "./texts.ts";

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
  /** The net's labels in the colours of the screen. */
  readonly labels = computed(() => this.net.value.labels);
  /** A photo that shines through the map, and how much of it, 0 to 1. */
  readonly under = signal<ImageBitmap | undefined>(undefined);
  readonly underOpacity = signal(0.5);
  readonly canUndo = computed(() => this.doc.value.canUndo.value);
  readonly canRedo = computed(() => this.doc.value.canRedo.value);
  /** Times of pictures, for the status line and benches: from a change to its picture, in ms. */
  readonly latency = signal<number | undefined>(undefined);
  private stop = (): void => undefined;

  begin(first: Beginning): void {
    this.open(first);
  }

  /** Opens a net with a map, in place of those that are there. */
  open({ net, ids, styles, poster }: Beginning): void {
    this.stop();
    this.engine.peek()?.dispose();
    this.pictures.clear();
    this.thumbnails.clear();
    this.shown.value = undefined;
    this.poster.value = poster;
    this.asked.value = undefined;
    this.net.value = net;
    this.settings.label.value = net.labels.at(0)?.id ?? 0;
    this.settings.locked.value = new Set();
    this.doc.value = new MapDocument(net.width, net.height, ids);
    const engine = new Engine(net, (picture, stats) => this.painted(picture, stats));
    this.engine.value = engine;
    const ends = [
      effect(() => {
        const info = engine.info.value;
        if (info) untracked(() => this.styles.open(info.style, styles));
      }),
      effect(() => {
        void this.doc.value.version.value;
        void this.styles.current.value;
        if (engine.info.value) untracked(() => this.changed());
      }),
      effect(() => {
        const styles = this.styles.all.value;
        void this.doc.value.steps.value;
        if (this.shown.value) untracked(() => this.thumbs(styles.length));
      }),
    ];
    this.stop = () => ends.forEach((end) => end());
  }

  /** What the picture is to show. */
  private wish(): Painted {
    return { ids: this.doc.value.ids, style: this.styles.current.value };
  }

  private changed(): void {
    const kept = this.pictures.find(this.wish());
    if (kept) {
      this.asked.value = undefined;
      this.show(kept);
      return;
    }
    this.fits.value = false;
    this.thumbnails.stale();
    this.asked.value ??= { at: performance.now(), usual: this.engine.value.stats.value?.total ?? 1000 };
    this.pace.changed(() => this.engine.value.paint(this.wish()), this.doc.value.editing);
  }

  private painted(picture: Picture, stats: Stats): void {
    this.pictures.keep(picture);
    this.pace.note(stats.total);
    const wish = this.wish();
    // Undo may have brought an earlier picture back meanwhile.
    if (this.upToDate.value && !isSame(picture, wish)) return;
    if (this.asked.value && isSame(picture, wish)) {
      this.latency.value = performance.now() - this.asked.value.at;
      this.asked.value = undefined;
    } else if (this.asked.value) this.asked.value = { at: performance.now(), usual: stats.total };
    this.show(picture);
  }

  private show(picture: Picture): void {
    batch(() => {
      this.shown.value = picture;
      this.poster.value = undefined;
      this.fits.value = isSame(picture, this.wish());
    });
  }

  private thumbs(count: number): void {
    if (!count || !this.upToDate.value || this.doc.value.editing || this.styles.hovered.value) return;
    this.thumbnails.paint(this.engine.value, this.doc.value.ids, this.styles.all.value);
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

  /** Opens the same net again, with the map and styles that are there. */
  retry(): void {
    this.open({ net: this.net.value, ids: this.doc.value.ids, styles: this.styles.stored() });
  }

  roll(): void {
    this.styles.roll(texts.styles.thrown);
  }

  say(line: string): void {
    this.said.value = line;
  }
}
