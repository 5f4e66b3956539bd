// A drawing of a street that the net takes for a photo: with windows, and the grain of a camera at dusk. Plain areas are walls to it.

import { DAY, drawStreet } from "../photo-style/drawn.js";

const GRAIN = 40;

export function drawTown(context) {
  const { width: w, height: h } = context.canvas;
  drawStreet(context, DAY);
  context.fillStyle = "#4a5560";
  for (const right of [0, 1]) {
    for (let n = 0; n < 18; n++) {
      // Six columns of three windows, smaller with their distance.
      const [far, row] = [Math.floor(n / 3) / 7, n % 3];
      const x = Math.abs(right - 0.4 * far - 0.03);
      const top = right ? 0.15 + 0.27 * far : 0.05 + 0.35 * far;
      const wall = 0.8 - 0.2 * far - top;
      context.fillRect(x * w, (top + wall * (0.12 + 0.26 * row)) * h, 0.047 * w * (1 - far), 0.117 * h * (1 - far));
    }
  }
  const image = context.getImageData(0, 0, w, h);
  for (let p = 0, noise = 1; p < image.data.length; p += 4) {
    noise = (Math.imul(noise, 1664525) + 1013904223) >>> 0;
    for (let c = 0; c < 3; c++) image.data[p + c] += GRAIN * (noise / 2 ** 31 - 1);
  }
  context.putImageData(image, 0, 0);
}
