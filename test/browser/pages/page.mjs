// The page under test: loads the package, and helps the tests, which run their code in it (tests can't import here: vitest rewrites
// import() in functions that Playwright sends to the page).

import * as spade from "/dist/index.js";

/** Hex of the bytes' SHA-256. */
async function sha256(bytes) {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (b) => b.toString(16).padStart(2, "0")).join("");
}

/** What is left of an error on its way out of the page. */
function plainError(error) {
  const { name, message, code, where, problem, fix } = error;
  return { name, message, code, where, problem, fix };
}

/** createSpade with a record of its progress and notices: { spade } or { error }. */
async function load(options) {
  const progress = [];
  const notices = [];
  try {
    const session = await spade.createSpade({ ...options, onProgress: (p) => progress.push({ ...p }) });
    session.addEventListener("notice", ({ code, message, fix }) => notices.push({ code, message, fix }));
    return { spade: session, progress, notices };
  } catch (error) {
    return { error: plainError(error), progress, notices };
  }
}

/** Stripes of labels, as in test/api/tiny.ts. */
function stripes(width, height, labels, of = 8) {
  const data = Uint8Array.from({ length: width * height }, (_, i) => Math.floor((i % width) / of) % labels);
  return { width, height, data };
}

/** The hash of a picture's RGBA. */
const paint = async (session, map, options) => sha256((await session.generate(map, options)).data);

Object.assign(window, { lib: { ...spade, sha256, plainError, load, stripes, paint } });
