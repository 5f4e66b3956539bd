// A picture in its own size on a canvas, which CSS enlarges. The old one stays until the new one is drawn, in one go.

import { useLayoutEffect, useRef } from "preact/hooks";
import type { JSX } from "preact";

/** Canvases that only get pixels: kept by the CPU they outlive the GPU's process. */
export const CPU: CanvasRenderingContext2DSettings = { willReadFrequently: true };

export function PictureCanvas({ image, label }: { image: ImageData; label: string }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => canvas.current!.getContext("2d", CPU)!.putImageData(image, 0, 0), [image]);
  const named = label ? { role: "img" as const, "aria-label": label } : { "aria-hidden": true as const };
  return <canvas ref={canvas} width={image.width} height={image.height} {...named} />;
}
