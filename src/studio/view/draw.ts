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

/** Beyond every canvas. */
const FAR = 1e5;

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
    const { controls } = this;
    const { hand, settings, viewport, byTouch, panning } = controls;
    const middle = viewport.middle();
    const grid = gridOf(viewport, ratio);
    const line = Math.max(Math.round(ratio), 1);
    const regions = cornersOf(this.outlined.value, grid);
    /** Reach, and what of it would be set. */
    const dabs: [Corners, Corners][] = [];
    const add = (at: Grid, ...[reach, settable = reach]: Loop[][]): unknown =>
      dabs.push([cornersOf(reach, at), cornersOf(settable, at)]);
    if (sample) add(grid, outline(hand.dab(viewport.toMap(middle))));
    if (this.reach.value.length && !panning.value) {
      const loops = [this.reach.value, this.settable.value];
      add(grid, ...loops);
      if (byTouch.value) add({ ...grid, top: grid.top + this.lift(hand.at.value!) * ratio }, ...loops);
    }

    this.place([regions, ...dabs.map(([reach]) => reach)].flat(), line, ratio, {
      width: Math.round(middle.x * 2 * ratio),
      height: Math.round(middle.y * 2 * ratio),
    });
    this.stroke(pathOf(regions), line);
    const color = controls.label(settings.label.value)?.color ?? "#000";
    for (const [reach, settable] of dabs) this.show(pathOf(reach), pathOf(settable), line, color);
  }

  /**
   * Clears the canvas and lays it under what will be drawn, a part of the window: all of it, drawn and composited at each move of the mouse,
   * costs a slow adapter as much as a third of a picture.
   */
  private place(corners: Corners, line: number, ratio: number, window: { width: number; height: number }): void {
    const { canvas, context } = this;
    canvas.hidden = !corners.length;
    if (canvas.hidden) return;
    const [x, width] = extent(corners, 0, line, window.width);
    const [y, height] = extent(corners, 1, line, window.height);
    // Clears it, and forgets the last place.
    Object.assign(canvas, { width, height });
    const css = (screen: number): string => `${screen / ratio}px`;
    const transform = `translate(${css(x)}, ${css(y)})`;
    Object.assign(canvas.style, { width: css(width), height: css(height), transform });
    context.translate(-x, -y);
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
    this.stroke(reach, line, () => {
      context.clearRect(-FAR, -FAR, 2 * FAR, 2 * FAR);
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

/** Of loops, in screen pixels of the window: x and y in turn. */
type Corners = readonly (readonly number[])[];

/** Corners snap to screen pixels, as the enlarged map's pixels do. */
function cornersOf(loops: readonly Loop[], { left, top, pixel }: Grid): Corners {
  return loops.map((loop) => loop.map((at, i) => (i % 2 ? top : left) + Math.round(at * pixel)));
}

/** What a canvas's size is a multiple of: one of a brush keeps its size while the mouse moves. */
const STEP = 32;

/** Where the corners with their lines begin along an axis, and a size that holds them; the window's, if they are larger than that. */
function extent(corners: Corners, axis: 0 | 1, line: number, window: number): [from: number, size: number] {
  let [from, to] = [Infinity, -Infinity];
  for (const loop of corners)
    for (let i = axis; i < loop.length; i += 2) {
      from = Math.min(from, loop[i]);
      to = Math.max(to, loop[i]);
    }
  const size = Math.ceil((to - from + 2 * line) / STEP) * STEP;
  return size < window ? [from - line, size] : [0, window];
}

function pathOf(corners: Corners): Path2D {
  const path = new Path2D();
  for (const loop of corners) {
    path.moveTo(loop[0], loop[1]);
    for (let i = 2; i < loop.length; i += 2) path.lineTo(loop[i], loop[i + 1]);
    path.closePath();
  }
  return path;
}
