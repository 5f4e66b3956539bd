// Where pictures go: bytes, a canvas, a texture. A sink is made for one call; what it draws is added to the submit that computes the picture.

import type { CanvasOptions, Scaling } from "./api.ts";
import type { Opened } from "./opening/opened.ts";
import type { Surface, Size } from "../painting/present/draw.ts";
import type { Output } from "../painting/present/output.ts";
import { pictureOf, type Picture } from "../painting/present/picture.ts";
import { SpadeError, type RunOptions } from "../runtime/index.ts";

export type Canvas = CanvasOptions["canvas"];

export interface Sink<R> {
  /** Makes ready to draw from a device; gives what is added to the last submit. */
  prepare?(opened: Opened): Promise<RunOptions["last"]>;
  /** Waits until the picture is computed, and reads what show() needs. @throws SpadeError integrity, device-lost */
  read(output: Output): Promise<Bytes>;
  /** Shows or returns the picture. */
  show(bytes: Bytes, size: Size): R;
}

/** RGBA; undefined for a picture that was drawn where it was computed. */
type Bytes = Uint8ClampedArray<ArrayBuffer> | undefined;

/** Returns the picture. */
export const bytesSink: Sink<Picture> = {
  prepare: ({ net: { painter } }) => Promise.resolve((encoder) => painter.output.queue(encoder, "rgba")),
  read: (output) => output.bytes(),
  show: (bytes, { width, height }) => pictureOf(bytes!, width, height),
};

/** What is drawn to, asked for in the task of the submit: a canvas gives a new texture for every frame. */
type SurfaceOf = (picture: Size) => Surface;

/** Draws with the GPU. */
function drawing(format: GPUTextureFormat, surfaceOf: (opened: Opened) => SurfaceOf): Sink<void> {
  return {
    async prepare(opened) {
      const { drawer, net, info } = opened;
      const pipeline = await drawer.pipeline(format);
      const surface = surfaceOf(opened);
      return (encoder) => {
        const { output } = net.painter;
        drawer.draw(encoder, pipeline, output.rgba, info, surface(info));
        output.queue(encoder, "flags");
      };
    },
    read: async (output) => void (await output.finished()),
    show: () => undefined,
  };
}

/** Draws over a texture. @throws SpadeError usage */
export function textureSink(texture: GPUTexture): Sink<void> {
  const { width, height, format, usage, dimension, sampleCount } = texture;
  const wrong = (problem: string, fix: string): SpadeError =>
    new SpadeError("usage", "generate({ texture })", problem, fix);
  if (typeof texture.createView !== "function") throw wrong("is no GPUTexture", "give one");
  if (dimension !== "2d" || sampleCount !== 1) throw wrong("is not 2d, or multisampled", "give a plain 2d texture");
  if (!(usage & 16)) throw wrong("can't be drawn to", "create it with GPUTextureUsage.RENDER_ATTACHMENT");
  return drawing(format, () => () => ({ texture, width, height, pixels: false }));
}

type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D | GPUCanvasContext;

/** The devices for which webgpu canvases are configured. */
const configured = new WeakMap<GPUCanvasContext, GPUDevice>();

/** @param software a read-back costs nothing there */
export function canvasSink(canvas: Canvas, scaling: Scaling, software: boolean): Sink<void> {
  const context = contextOf(canvas, software);
  const fit = ({ width, height }: Size): void => {
    // A canvas is cleared when its size is set.
    if (scaling !== "none" || (canvas.width === width && canvas.height === height)) return;
    canvas.width = width;
    canvas.height = height;
  };
  const pixels = scaling === "pixels";
  if (!("configure" in context))
    return {
      ...bytesSink,
      show(bytes, size) {
        const picture = bytesSink.show(bytes, size) as ImageData;
        fit(size);
        if (canvas.width === size.width && canvas.height === size.height) return context.putImageData(picture, 0, 0);
        const whole = new OffscreenCanvas(size.width, size.height);
        whole.getContext("2d")!.putImageData(picture, 0, 0);
        context.imageSmoothingEnabled = !pixels;
        context.drawImage(whole, 0, 0, canvas.width, canvas.height);
      },
    };
  const format = navigator.gpu.getPreferredCanvasFormat();
  return drawing(format, ({ device: { gpu } }) => (picture) => {
    fit(picture);
    if (configured.get(context) !== gpu) context.configure({ device: gpu, format, alphaMode: "opaque" });
    configured.set(context, gpu);
    return { texture: context.getCurrentTexture(), width: canvas.width, height: canvas.height, pixels };
  });
}

/** The canvas's context, or a new one. @throws SpadeError busy-canvas, usage */
function contextOf(canvas: Canvas, software: boolean): Context {
  if (typeof canvas?.getContext !== "function")
    throw new SpadeError("usage", "canvas", "is no canvas", "give a canvas element or an OffscreenCanvas");
  for (const kind of software ? ["2d", "webgpu"] : ["webgpu", "2d"]) {
    try {
      const context = canvas.getContext(kind as "2d") as Context | null;
      if (context) return context;
    } catch {
      const fix = "give the OffscreenCanvas that transferControlToOffscreen() returned";
      throw new SpadeError("busy-canvas", "canvas", "was handed over to an OffscreenCanvas", fix);
    }
  }
  const fix = "give a canvas of its own, or one with a 2d context";
  throw new SpadeError("busy-canvas", "canvas", "has a context of another kind", fix);
}
