// The page under test trains, and paints what it trained.

import { createSpade } from "/dist/index.js";
import { createTrainer } from "/dist/train.js";

/** Hex of a Blob's SHA-256. */
async function sha256(blob) {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer()));
  return Array.from(hash, (b) => b.toString(16).padStart(2, "0")).join("");
}

Object.assign(window, { lib: { createSpade, createTrainer, sha256 } });
