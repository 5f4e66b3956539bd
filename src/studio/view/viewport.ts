// Which part of the map is seen, and how large.

import { computed, signal, type ReadonlySignal } from "@preact/signals";
import type { Place } from "../map/stamp.ts";

/** Zoom at which whole map and window are one, and the greatest. */
const WHOLE = 1;
const GREATEST = 16;
/** Of the zoom, by wheel, key or button. */
export const STEP = 0.5;

const within = (value: number, least: number, most: number): number => Math.min(Math.max(value, least), most);

/** The window over the map has the size of the whole map at zoom 1. Places in it are in CSS pixels from its upper left corner. */
export class Viewport {
  private readonly magnification = signal(WHOLE);
  private readonly corner = signal<Place>({ x: 0, y: 0 });
  /** CSS pixels for one pixel of the map. */
  readonly pixel: ReadonlySignal<number>;

  /**
   * @param size of the map, in its pixels
   * @param scale CSS pixels for one pixel of the map at zoom 1
   */
  constructor(
    private readonly size: ReadonlySignal<{ readonly width: number; readonly height: number }>,
    private readonly scale: ReadonlySignal<number>,
  ) {
    this.pixel = computed(() => this.scale.value * this.magnification.value);
  }

  /** 1: the whole map. */
  get zoom(): ReadonlySignal<number> {
    return this.magnification;
  }
  /** The place of the map that is in the upper left corner, in map pixels. */
  get origin(): ReadonlySignal<Place> {
    return this.corner;
  }

  /** From a place in the window to the place in the map under it, and back. */
  toMap({ x, y }: Place): Place {
    const { x: left, y: top } = this.corner.value;
    return { x: left + x / this.pixel.value, y: top + y / this.pixel.value };
  }
  toWindow({ x, y }: Place): Place {
    const { x: left, y: top } = this.corner.value;
    return { x: (x - left) * this.pixel.value, y: (y - top) * this.pixel.value };
  }

  /** @param center place in the window under which the map stays; omitted: its middle */
  zoomTo(zoom: number, center: Place = this.middle()): void {
    const { x, y } = this.toMap(center);
    this.magnification.value = within(zoom, WHOLE, GREATEST);
    this.moveTo({ x: x - center.x / this.pixel.value, y: y - center.y / this.pixel.value });
  }

  /** To the next multiple of one half. @param direction 1 or -1 @returns whether anything changed */
  zoomStep(direction: number, center?: Place): boolean {
    const zoom = this.magnification.peek();
    this.zoomTo((direction > 0 ? Math.floor(zoom / STEP) + 1 : Math.ceil(zoom / STEP) - 1) * STEP, center);
    return this.magnification.peek() !== zoom;
  }

  /** Moves the map in the window. */
  pan(dx: number, dy: number): void {
    const { x, y } = this.corner.value;
    this.moveTo({ x: x - dx / this.pixel.value, y: y - dy / this.pixel.value });
  }

  /** Moves the map as little as shows this place of it. */
  reveal({ x, y }: Place): void {
    const { x: left, y: top } = this.corner.value;
    const { width, height } = this.seen();
    this.moveTo({ x: within(left, x + 1 - width, x - 1), y: within(top, y + 1 - height, y - 1) });
  }

  /** The whole map. */
  reset(): void {
    this.zoomTo(WHOLE);
  }

  /** The middle of the window. */
  middle(): Place {
    const { width, height } = this.size.value;
    return { x: (width * this.scale.value) / 2, y: (height * this.scale.value) / 2 };
  }

  private seen(): { width: number; height: number } {
    const { width, height } = this.size.value;
    return { width: width / this.magnification.value, height: height / this.magnification.value };
  }

  private moveTo({ x, y }: Place): void {
    const { width, height } = this.size.value;
    const seen = this.seen();
    this.corner.value = { x: within(x, 0, width - seen.width), y: within(y, 0, height - seen.height) };
  }
}
