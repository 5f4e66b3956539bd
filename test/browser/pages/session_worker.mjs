// The package's worker form, under test.

import * as inWorker from "/dist/worker.js";
import { photo, sha256, stripes } from "./helpers.mjs";

/** The hash of what an ImageBitmap, a Blob or a canvas shows. */
async function shown(source) {
  const bitmap = await createImageBitmap(source);
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
  context.drawImage(bitmap, 0, 0);
  return sha256(context.getImageData(0, 0, bitmap.width, bitmap.height).data);
}

Object.assign(window, { lib: { ...inWorker, photo, sha256, stripes, shown } });
