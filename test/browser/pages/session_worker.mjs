// The package's worker form, under test.

import * as inWorker from "/dist/worker.js";

async function sha256(bytes) {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (b) => b.toString(16).padStart(2, "0")).join("");
}

function stripes(width, height, labels, of = 8) {
  const data = Uint8Array.from({ length: width * height }, (_, i) => Math.floor((i % width) / of) % labels);
  return { width, height, data };
}

/** The hash of what an ImageBitmap, a Blob or a canvas shows. */
async function shown(source) {
  const bitmap = await createImageBitmap(source);
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
  context.drawImage(bitmap, 0, 0);
  return sha256(context.getImageData(0, 0, bitmap.width, bitmap.height).data);
}

Object.assign(window, { lib: { ...inWorker, sha256, stripes, shown } });
