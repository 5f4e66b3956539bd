// Brings the map's controls and its elements together: events in, one frame out for all that has changed since the last.

import { effect, signal, untracked } from "@preact/signals";
import type { MapControls } from "./controls.ts";
import { gridOf, MapPicture, Overlay, paletteOf } from "./draw.ts";
import { listen } from "./pointers.ts";

/** How long the brush is shown in the middle after its size has changed, in milliseconds. */
const SAMPLE = 800;
/** How long the pointer rests before it is named what is under it, in milliseconds. */
const REST = 400;
/** CSS pixels from the pointer, or from the brush around it, to that name. */
const ASIDE = 16;
/** A brush that is smaller on the screen, in CSS pixels, is hard to see without the system's cursor. */
const TINY = 5;

/** The elements of the view. */
export interface Elements {
  /** Has the focus and gets all events. */
  root: HTMLElement;
  /** Holds photo and map; as large as the map, in map pixels, and then moved and enlarged. */
  layers: HTMLElement;
  photo: HTMLCanvasElement;
  map: HTMLCanvasElement;
  overlay: HTMLCanvasElement;
  name: HTMLElement;
}

/** @returns ends it, and removes every listener */
export function mount(elements: Elements, controls: MapControls): () => void {
  const { root } = elements;
  const { hand, settings } = controls;
  const end = new AbortController();
  const { signal: ended } = end;
  const sample = signal(false);
  const ratio = signal(devicePixelRatio);

  listen(root, controls, ended);
  // Loaded a moment later: the first stroke is a pointer's.
  void import("./keys.ts").then(({ listenToKeys }) => ended.aborted || listenToKeys(root, controls, ended));
  // The ratio changes with the browser's zoom, and where the window moves to another screen: both resize it.
  addEventListener("resize", () => (ratio.value = devicePixelRatio), { signal: ended });

  const stops = [
    draw(elements, controls, ratio, sample),
    effect(() => {
      settings.pointed.value = hand.pointed.value;
    }),
    exchange(controls),
    showSize(controls, sample),
    showName(elements, controls),
    effect(() => {
      const tiny = hand.size.value * controls.viewport.pixel.value < TINY;
      const hidden = !tiny && (hand.tool.value === "brush" || hand.tool.value === "line") && !controls.readOnly.value;
      root.style.cursor = controls.panning.value ? "grab" : hidden ? "none" : "crosshair";
    }),
  ];
  return () => {
    end.abort();
    hand.cancel();
    for (const stop of stops) stop();
    settings.pointed.value = undefined;
  };
}

/** Draws, at most once a frame. */
function draw(
  { layers, photo, map, overlay }: Elements,
  controls: MapControls,
  ratio: { readonly value: number },
  sample: { readonly value: boolean },
): () => void {
  const { hand, settings, viewport, options } = controls;
  const picture = new MapPicture(map);
  const over = new Overlay(overlay, controls);
  /** What the canvases show. */
  let [shown, shownPhoto]: [unknown[], ImageBitmap | undefined] = [[], undefined];
  let palette: { of?: unknown; words: Uint32Array } = { words: new Uint32Array() };
  let frame = 0;

  const render = (): void => {
    frame = 0;
    const doc = options.doc.value;
    const { width, height } = doc;
    if (palette.of !== options.labels.value)
      palette = { of: options.labels.value, words: paletteOf(options.labels.value) };
    const now = [doc, doc.version.value, palette];
    if (now.some((part, i) => part !== shown[i])) picture.draw(doc.ids, width, height, palette.words);
    shown = now;

    const bitmap = options.photo?.value;
    if (bitmap && bitmap !== shownPhoto) {
      Object.assign(photo, { width: bitmap.width, height: bitmap.height });
      photo.getContext("2d")!.drawImage(bitmap, 0, 0);
    }
    shownPhoto = bitmap;
    photo.hidden = !bitmap;
    map.style.opacity = String(bitmap ? 1 - (options.photoOpacity?.value ?? 0) : 1);

    const { left, top, pixel } = gridOf(viewport, ratio.value);
    const css = (screen: number): string => `${screen / ratio.value}px`;
    layers.style.transform = `translate(${css(left)}, ${css(top)}) scale(${pixel / ratio.value})`;
    over.draw(ratio.value, sample.value);
  };

  // Reads what the frame depends on and costs nothing; regions and outlines are computed in the frame.
  const stop = effect(() => {
    const { doc, labels, scale, photo, photoOpacity } = options;
    const { label, locked, outlined, shape } = settings;
    const { at, shift, tool, size, drawing } = hand;
    const { origin, pixel } = viewport;
    void [doc.value.version, labels, scale, photo, photoOpacity, label, locked, outlined, shape].map((s) => s?.value);
    void [at, shift, tool, size, drawing, origin, pixel, controls.byTouch, controls.readOnly].map((s) => s.value);
    void [ratio.value, sample.value, controls.panning.value];
    frame ||= requestAnimationFrame(render);
  });
  return () => {
    stop();
    cancelAnimationFrame(frame);
  };
}

/** Another document ends the stroke in the old one; every other map is shown whole. */
function exchange({ hand, viewport, options }: MapControls): () => void {
  let before = options.doc.peek();
  return effect(() => {
    const now = options.doc.value;
    void now.replaced.value;
    untracked(() => {
      if (now !== before) hand.cancel();
      before = now;
      viewport.reset();
    });
  });
}

/** While the size changes and no pointer is over the map, the brush is shown in its middle. */
function showSize({ hand, settings }: MapControls, sample: { value: boolean }): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let first = true;
  const stop = effect(() => {
    void [settings.size.value, settings.shape.value];
    clearTimeout(timer);
    if (!first) sample.value = !hand.at.peek();
    first = false;
    timer = setTimeout(() => (sample.value = false), SAMPLE);
  });
  const hide = effect(() => {
    if (hand.at.value) sample.value = false;
  });
  return () => {
    stop();
    hide();
    clearTimeout(timer);
  };
}

/** Names the label under a pointer that rests. */
function showName({ name }: Elements, controls: MapControls): () => void {
  const { hand, viewport } = controls;
  return effect(() => {
    name.hidden = true;
    const at = hand.at.value;
    const text = controls.label(hand.pointed.value)?.name;
    if (!at || !text || hand.drawing.value || controls.byKeys.value) return;
    const timer = setTimeout(() => {
      const { x, y } = viewport.toWindow(at);
      const middle = viewport.middle();
      const brush = hand.tool.value === "brush" || hand.tool.value === "line";
      const away = ASIDE + (brush ? (hand.size.value * viewport.pixel.value) / 3 : 0);
      // Towards the middle, so that it is not cut off.
      const beside = (far: boolean): string => (far ? `calc(-100% - ${away}px)` : `${away}px`);
      name.textContent = text;
      name.hidden = false;
      name.style.transform = `translate(${x}px, ${y}px) translate(${beside(x > middle.x)}, ${beside(y > middle.y)})`;
    }, REST);
    return () => clearTimeout(timer);
  });
}
