// A worker that loads the package itself, paints stripes, and answers with the picture's hash.

import { createSpade } from "/dist/index.js";

onmessage = async ({ data: weights }) => {
  try {
    const spade = await createSpade({ weights });
    const data = Uint8Array.from({ length: 64 * 64 }, (_, i) => Math.floor((i % 64) / 8) % 4);
    const picture = await spade.generate({ width: 64, height: 64, data });
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", picture.data));
    postMessage(Array.from(hash, (b) => b.toString(16).padStart(2, "0")).join(""));
  } catch (error) {
    postMessage(String(error));
  }
};
