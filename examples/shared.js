// What the examples share: elements by id, the page's state, errors in words, the map of a street.

import { decodeLabelMap, resizeLabelMap } from "spade-webgpu/labels";

export const WEIGHTS = "../../weights/street_net_G.safetensors";
const MAP = "../../demo/maps/street_label.png";

export const $ = (id) => document.getElementById(id);

/** "loading", "ready", "error" ... */
export const state = (name) => (document.body.dataset.state = name);

/** What a visitor can do something about; every other error is the author's. */
const FOR_VISITORS = [
  "insecure-context",
  "no-webgpu",
  "no-adapter",
  "webgpu-blocked",
  "out-of-memory",
  "limits",
  "device-lost",
  "download",
];

/** Shows an error in words, in the element #message. */
export function fail(error) {
  console.error(error);
  $("message").textContent = FOR_VISITORS.includes(error.code)
    ? `${error.where}: ${error.problem}. What you can do: ${error.fix}.`
    : `This page is broken: ${error.message}`;
  // It may still say that the page is loading.
  if (document.body.dataset.state !== "ready") $("caption").textContent = "";
  state("error");
}

/** Nothing fails in silence. */
export function failAloud() {
  addEventListener("error", ({ error, message }) => fail(error ?? new Error(message)));
  addEventListener("unhandledrejection", ({ reason }) => fail(reason));
}

/**
 * Says in #notice what a session tells: a software adapter, a GPU that is lost and comes back. It opens a new GPU by itself.
 * @param onEnd called if it can't
 */
export function sayNotices(spade, onEnd = fail) {
  spade.addEventListener("notice", ({ message, fix }) => ($("notice").textContent = `${message}; ${fix}.`));
  spade.addEventListener("lost", ({ willRestore }) => {
    if (willRestore) $("notice").textContent = "The browser took the GPU away. It is being opened again …";
    else onEnd({ code: "device-lost", where: "GPU", problem: "the browser took it away", fix: "reload the page" });
  });
  spade.addEventListener("restored", () => ($("notice").textContent = "The GPU is back."));
}

/** The ids of a street, in the net's size. */
export async function streetMap({ width, height }, signal) {
  const response = await fetch(MAP, { signal });
  if (!response.ok) throw new Error(`${MAP}: ${response.status}`);
  return resizeLabelMap(await decodeLabelMap(await response.blob()), width, height);
}

/** Two neighbouring presets and the place between them. @param at 0: the first preset, 1: the second, 1.5: between it and the third */
export function neighbours(presets, at) {
  const [a, b] = [presets[Math.floor(at)], presets[Math.ceil(at)]];
  const t = at % 1;
  const name = t ? `${Math.round(100 * (1 - t))} % ${a.name}, ${Math.round(100 * t)} % ${b.name}` : a.name;
  return { a, b, t, name };
}
