// The hand that holds the tools: what a stroke does to the document, and what the next would do. It knows neither pointers nor keys.

import { computed, signal, type ReadonlySignal } from "@preact/signals";
import type { MapDocument, Span } from "../map/document.ts";
import { connected, ofLabel, pixelAt, rectangle, unlocked } from "../map/regions.ts";
import { makeStamp, sweep, type Place } from "../map/stamp.ts";
import { SMALLEST, type Settings, type Tool } from "../settings.ts";

/** A pen that hardly touches paints with this part of the size. */
const LEAST_PRESSURE = 0.25;

/** A stroke under way. */
interface Stroke {
  readonly doc: MapDocument;
  readonly tool: Tool;
  readonly from: Place;
  /** The label and the one before it when the stroke began. */
  readonly label: number;
  readonly lastLabel: number;
}

export class Hand {
  /** Where the hand is over the map; undefined: nowhere. */
  readonly at = signal<Place | undefined>(undefined);
  /** Keys that are held. */
  readonly shift = signal(false);
  readonly alt = signal(false);
  private readonly stroke = signal<Stroke | undefined>(undefined);
  /** From 0 to 1; undefined: the pointer has none. */
  private readonly pressure = signal<number | undefined>(undefined);
  /** Where the last stroke ended: straight lines go on from there. */
  private readonly last = signal<{ doc: MapDocument; place: Place } | undefined>(undefined);
  /** Strokes that were begun so far. */
  strokes = 0;
  private filled?: { doc: MapDocument; version: number; all: boolean; spans: Span[] };

  constructor(
    private readonly doc: ReadonlySignal<MapDocument>,
    private readonly settings: Settings,
    /** Whether a label may be picked. */
    private readonly known: (id: number) => boolean,
    private readonly readOnly: ReadonlySignal<boolean>,
  ) {}

  /** The tool in use; Alt makes any a picker. */
  readonly tool: ReadonlySignal<Tool> = computed(
    () => this.stroke.value?.tool ?? (this.alt.value ? "picker" : this.settings.tool.value),
  );
  readonly drawing: ReadonlySignal<boolean> = computed(() => !!this.stroke.value);

  /** Diameter of the brush now, in map pixels. */
  readonly size: ReadonlySignal<number> = computed(() => {
    const { size, pressure } = this.settings;
    const part = pressure.value && this.tool.value === "brush" ? (this.pressure.value ?? 1) : 1;
    return Math.max(SMALLEST, Math.round(size.value * (LEAST_PRESSURE + (1 - LEAST_PRESSURE) * part)));
  });
  private readonly stamp = computed(() => makeStamp(this.settings.shape.value, this.size.value));

  /** The pixels that the tool touches now: under the brush, of the line so far, of the region. */
  readonly reach: ReadonlySignal<readonly Span[]> = computed(() => {
    const at = this.at.value;
    return at && !this.readOnly.value ? this.reachFrom(at) : [];
  });

  /** Those of them that the tool may set. */
  readonly settable: ReadonlySignal<readonly Span[]> = computed(() => {
    const doc = this.doc.value;
    const locked = this.settings.locked.value;
    if (!locked.size) return this.reach.value;
    void doc.version.value;
    return unlocked(doc, this.reach.value, locked);
  });

  /** Id of the label under the hand. */
  readonly pointed: ReadonlySignal<number | undefined> = computed(() => {
    const doc = this.doc.value;
    void doc.version.value;
    const p = this.at.value && pixelAt(doc, this.at.value);
    return p === undefined ? undefined : doc.ids[p];
  });

  /** What the brush would set at any place. */
  dab(at: Place): Span[] {
    return sweep(this.stamp.value, at, at);
  }

  /**
   * Begins a stroke; one that is under way ends.
   * @param pressure of a pen, 0 to 1
   * @param tool in place of the one that is chosen
   */
  begin(at: Place, pressure?: number, tool: Tool = this.tool.peek()): void {
    this.end();
    if (this.readOnly.value && tool !== "picker") return;
    const doc = this.doc.value;
    const { label, lastLabel } = this.settings;
    this.pressure.value = pressure;
    this.at.value = at;
    // Read before there is a stroke: with Shift the brush comes from the end of the last one.
    const reach = this.reachFrom(at, tool);
    this.strokes++;
    this.stroke.value = { doc, tool, from: at, label: label.value, lastLabel: lastLabel.value };
    if (tool === "picker") this.pick(at);
    else if (tool === "brush" || tool === "fill") {
      doc.begin();
      this.paint(reach);
    }
    this.last.value = { doc, place: at };
  }

  /** The hand has moved, in a stroke or not. */
  move(at: Place, pressure?: number): void {
    const stroke = this.stroke.value;
    if (stroke) this.pressure.value = pressure;
    this.at.value = at;
    if (!stroke) return;
    if (stroke.tool === "picker") this.pick(at);
    // An undo from elsewhere may have ended the edit.
    if (stroke.tool === "brush" && stroke.doc.editing) this.paint(sweep(this.stamp.value, this.last.value!.place, at));
    this.last.value = { doc: stroke.doc, place: at };
  }

  /** Ends the stroke, if there is one; it is one step of undo. */
  end(): void {
    const stroke = this.stroke.value;
    if (!stroke) return;
    if (stroke.tool === "line" || stroke.tool === "rectangle") {
      stroke.doc.begin();
      this.paint(this.reach.value);
    }
    stroke.doc.commit();
    this.leave();
  }

  /** Takes the stroke back. @returns whether there was one */
  cancel(): boolean {
    const stroke = this.stroke.value;
    if (!stroke) return false;
    stroke.doc.cancel();
    this.settings.label.value = stroke.label;
    this.settings.lastLabel.value = stroke.lastLabel;
    this.last.value = undefined;
    this.leave();
    return true;
  }

  private leave(): void {
    this.stroke.value = this.pressure.value = undefined;
  }

  private paint(spans: readonly Span[]): void {
    this.stroke.value!.doc.paint(spans, this.settings.label.value, this.settings.locked.value);
  }

  private pick(at: Place): void {
    const { label, lastLabel } = this.stroke.value!;
    const id = this.pointed.value;
    if (id === undefined || !this.known(id) || pixelAt(this.doc.value, at) === undefined) return;
    // Labels that the hand only crosses are not the last one.
    this.settings.label.value = id;
    this.settings.lastLabel.value = id === label ? lastLabel : label;
  }

  private reachFrom(at: Place, tool = this.tool.value): readonly Span[] {
    const from = this.stroke.value?.from;
    switch (tool) {
      case "brush": {
        const last = this.last.value;
        const straight = !from && this.shift.value && last?.doc === this.doc.value;
        return sweep(this.stamp.value, straight ? last.place : at, at);
      }
      case "line":
        return sweep(this.stamp.value, from ?? at, at);
      case "rectangle":
        return rectangle(from ?? at, at);
      case "fill":
        return from ? [] : this.region(at);
      case "picker":
        return [];
    }
  }

  /** What a fill reaches; the same array as long as the hand stays in the same region. */
  private region(at: Place): readonly Span[] {
    const doc = this.doc.value;
    const version = doc.version.value;
    const all = this.shift.value;
    const p = pixelAt(doc, at);
    const { label, locked } = this.settings;
    if (p === undefined || doc.ids[p] === label.value || locked.value.has(doc.ids[p])) return [];
    const [x, y] = [Math.floor(at.x), Math.floor(at.y)];
    const known = this.filled;
    const same = known?.doc === doc && known.version === version && known.all === all;
    if (!same || !known.spans.some((s) => s.y === y && s.x0 <= x && x < s.x1))
      this.filled = { doc, version, all, spans: all ? ofLabel(doc, doc.ids[p]) : connected(doc, p) };
    return this.filled!.spans;
  }
}
