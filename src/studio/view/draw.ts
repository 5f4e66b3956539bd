// Draws the map in its labels' colours, and over it what the tool would set.

import { computed, type ReadonlySignal } from "@preact/signals";
import type { LabelInfo } from "../../index.ts";
import { ofLabel } from "../map/regions.ts";
import { outline, type Loop } from "../map/outline.ts";
import type { Place } from "../map/stamp.ts";
import type { MapControls } from "./controls.ts";

/** Of the label's colour over the pixels that would be set. */
const TINT = 0.35;
/** CSS pixels from a finger to the copy of the brush that it does not hide. */
const ABOVE = 64;

/** Of ids without a label. */
const UNKNOWN = "#808080";

/** A pixel of each id, as a canvas stores it. The public paintLabels does the same, and is 13 kB to load before the first stroke. */
export function paletteOf(labels: readonly LabelInfo[]): Uint32Array {
  const colors = new Map(labels.map(({ id, color }) => [id, color]));
  const pixels = new DataView(new ArrayBuffer(4 * 256));
  for (let id = 0; id < 256; id++) {
    const rgb = parseInt((colors.get(id) ?? UNKNOWN).slice(1), 16);
    pixels.setUint32(4 * id, ((rgb << 8) | 255) >>> 0);
  }
  return new Uint32Array(pixels.buffer);
}

/** Draws ids on a canvas, one pixel each. */
export class MapPicture {
  private image?: ImageData;
  private readonly context: CanvasRenderingContext2D;

  constructor(private readonly canvas: HTMLCanvasElement) {
    // Kept by the CPU, it outlives the GPU's process.
    this.context = canvas.getContext("2d", { willReadFrequently: true })!;
  }

  draw(ids: Uint8Array, width: number, height: number, palette: Uint32Array): void {
    if (this.image?.width !== width || this.image.height !== height) {
      Object.assign(this.canvas, { width, height });
      this.image = new ImageData(width, height);
    }
    const pixels = new Uint32Array(this.image.data.buffer);
    for (let p = 0; p < pixels.length; p++) pixels[p] = palette[ids[p]];
    this.context.putImageData(this.image, 0, 0);
  }
}

/** Where the map's corner is in the window, and how large its pixels are, in pixels of the screen. */
export interface Grid {
  readonly left: number;
  readonly top: number;
  readonly pixel: number;
}

/** @param ratio screen pixels for one CSS pixel */
export function gridOf({ origin, pixel }: MapControls["viewport"], ratio: number): Grid {
  const size = pixel.value * ratio;
  return { left: -Math.round(origin.value.x * size), top: -Math.round(origin.value.y * size), pixel: size };
}

/** Draws the tool's reach, and the regions of a label that is outlined. */
export class Overlay {
  private readonly reach: ReadonlySignal<Loop[]>;
  private readonly settable: ReadonlySignal<Loop[]>;
  private readonly outlined: ReadonlySignal<Loop[]>;
  private readonly context: CanvasRenderingContext2D;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly controls: MapControls,
  ) {
    const { hand, settings, options } = controls;
    this.context = canvas.getContext("2d")!;
    this.reach = computed(() => outline(hand.reach.value));
    // The same spans where nothing is locked: then one outline serves both.
    this.settable = computed(() =>
      hand.settable.value === hand.reach.value ? this.reach.value : outline(hand.settable.value),
    );
    this.outlined = computed(() => {
      const id = settings.outlined.value;
      const doc = options.doc.value;
      void doc.version.value;
      return id === undefined ? [] : outline(ofLabel(doc, id));
    });
  }

  /**
   * @param ratio screen pixels for one CSS pixel
   * @param sample show the brush in the middle of the window
   */
  draw(ratio: number, sample: boolean): void {
    const { canvas, context, controls } = this;
    const { hand, settings, viewport, byTouch, panning } = controls;
    const middle = viewport.middle();
    const [width, height] = [Math.round(middle.x * 2 * ratio), Math.round(middle.y * 2 * ratio)];
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    else context.clearRect(0, 0, width, height);

    const grid = gridOf(viewport, ratio);
    const color = controls.label(settings.label.value)?.color ?? "#000";
    const line = Math.max(Math.round(ratio), 1);
    this.stroke(pathOf(this.outlined.value, grid), line);
    if (sample) {
      const path = pathOf(outline(hand.dab(viewport.toMap(middle))), grid);
      this.show(path, path, line, color);
    }
    if (!this.reach.value.length || panning.value) return;
    const draw = (at: Grid): void => {
      const reach = pathOf(this.reach.value, at);
      this.show(reach, this.settable.value === this.reach.value ? reach : pathOf(this.settable.value, at), line, color);
    };
    draw(grid);
    if (byTouch.value) draw({ ...grid, top: grid.top + this.lift(hand.at.value!) * ratio });
  }

  /** How far from the finger the copy is: above it, or below where there is no room. */
  private lift(at: Place): number {
    const { pixel } = this.controls.viewport;
    const away = ABOVE + (this.controls.hand.size.value * pixel.value) / 2;
    return Math.round(this.controls.viewport.toWindow(at).y > away ? -away : away);
  }

  /** A line of black inside the border and one of white outside, and the label's colour in `settable`. */
  private show(reach: Path2D, settable: Path2D, line: number, color: string): void {
    const { context } = this;
    const { width, height } = this.canvas;
    this.stroke(reach, line, () => {
      context.clearRect(0, 0, width, height);
      context.globalAlpha = TINT;
      context.fillStyle = color;
      context.fill(settable);
      context.globalAlpha = 1;
    });
  }

  private stroke(path: Path2D, line: number, within?: () => void): void {
    const { context } = this;
    context.save();
    context.lineWidth = 2 * line;
    context.strokeStyle = "#fff";
    context.stroke(path);
    context.clip(path);
    within?.();
    context.strokeStyle = "#000";
    context.stroke(path);
    context.restore();
  }
}

/** Corners snap to screen pixels, as the enlarged map's pixels do. */
function pathOf(loops: readonly Loop[], { left, top, pixel }: Grid): Path2D {
  const path = new Path2D();
  for (const loop of loops) {
    for (let i = 0; i < loop.length; i += 2) {
      const [x, y] = [left + Math.round(loop[i] * pixel), top + Math.round(loop[i + 1] * pixel)];
      if (i) path.lineTo(x, y);
      else path.moveTo(x, y);
    }
    path.closePath();
  }
  return path;
}
