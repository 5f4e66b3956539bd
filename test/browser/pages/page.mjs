// The page under test: loads the package, and helps the tests, which run their code in it (tests can't import here: vitest rewrites
// import() in functions that Playwright sends to the page).

import * as spade from "/dist/index.js";
import { sha256, stripes } from "./helpers.mjs";

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

/** The hash of a picture's RGBA. */
const paint = async (session, map, options) => sha256((await session.generate(map, options)).data);

Object.assign(window, { lib: { ...spade, sha256, plainError, load, stripes, paint } });
