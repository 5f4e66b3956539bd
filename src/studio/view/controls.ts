// What the map's view and those who use it share: the hand, the window, and words for screen readers. It works without a DOM.

import { computed, signal, type ReadonlySignal } from "@preact/signals";
import type { LabelInfo } from "../../index.ts";
import type { MapDocument } from "../map/document.ts";
import type { Settings } from "../settings.ts";
import { texts } from "../texts.ts";
import { Hand } from "./hand.ts";
import { Viewport } from "./viewport.ts";

export interface MapViewOptions {
  /** May be exchanged at any time; a stroke under way is taken back then. */
  readonly doc: ReadonlySignal<MapDocument>;
  readonly settings: Settings;
  /** With the colours of the screen; keys 1 to 0 choose the first ten. */
  readonly labels: ReadonlySignal<readonly LabelInfo[]>;
  /** CSS pixels for one pixel of the map at zoom 1; the view is as large as the map at this scale. */
  readonly scale: ReadonlySignal<number>;
  /** A photo that shines through the map. */
  readonly photo?: ReadonlySignal<ImageBitmap | undefined>;
  /** How much of it: 0, none, to 1, nothing but the photo. */
  readonly photoOpacity?: ReadonlySignal<number>;
  /** Nothing is painted while true; zoom, pan and picker work. */
  readonly readOnly?: ReadonlySignal<boolean>;
}

const NEVER = signal(false);

export class MapControls {
  readonly hand: Hand;
  readonly viewport: Viewport;
  readonly readOnly: ReadonlySignal<boolean>;
  /** For a live region: what the keys just did, "Tree, size 12, at 120, 44". */
  readonly said = signal("");
  /** The hand was last moved by keys. */
  readonly byKeys = signal(false);
  /** The last pointer was a finger, which hides what is under it. */
  readonly byTouch = signal(false);
  /** Space is held: the pointer moves the map. */
  readonly panning = signal(false);
  private readonly byId: ReadonlySignal<ReadonlyMap<number, LabelInfo>>;

  constructor(readonly options: MapViewOptions) {
    const { doc, settings, labels, scale } = options;
    this.readOnly = options.readOnly ?? NEVER;
    this.byId = computed(() => new Map(labels.value.map((label) => [label.id, label])));
    this.viewport = new Viewport(doc, scale);
    this.hand = new Hand(doc, settings, (id) => this.byId.value.has(id), this.readOnly);
  }

  get settings(): Settings {
    return this.options.settings;
  }

  label(id: number | undefined): LabelInfo | undefined {
    return id === undefined ? undefined : this.byId.value.get(id);
  }

  /** Says label, size and place of the hand. */
  sayPlace(): void {
    const { label } = this.settings;
    const { x, y } = this.hand.at.value ?? { x: 0, y: 0 };
    const name = this.label(label.value)?.name ?? "";
    this.said.value = texts.view.at(name, this.hand.size.value, Math.floor(x), Math.floor(y));
  }
}
