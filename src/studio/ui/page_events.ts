// Keys and drops of the whole page, and the styles of what comes later. Loaded when the page is there.

import type { Actions } from "../actions/actions.ts";
import laterStyles from "./later.css";

/** @param hide shows the map and the picture alone, or all again */
export function listen(actions: Actions, hide: () => void, signal: AbortSignal): void {
  if (signal.aborted) return;
  const href = new URL(laterStyles, import.meta.url).href;
  document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href }));
  drops(actions, signal);
  strokesFromOutside(signal);
  pictureDodges(signal);
  pageKeys(actions, hide, signal);
}

/** Files that are dropped anywhere are opened. */
function drops(actions: Actions, signal: AbortSignal): void {
  const over = (event: DragEvent): void => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    actions.dragging.value = true;
  };
  addEventListener("dragenter", over, { signal });
  addEventListener("dragover", over, { signal });
  addEventListener("dragleave", ({ relatedTarget }) => relatedTarget ?? (actions.dragging.value = false), { signal });
  addEventListener(
    "drop",
    (event) => {
      const file = event.dataTransfer?.files.item(0);
      // A text that is dropped in a field is not ours.
      if (!file) return;
      event.preventDefault();
      actions.dragging.value = false;
      actions.quietly(actions.openFile(file));
    },
    { signal },
  );
}

/** A stroke of a mouse or pen may begin beside the map, and paints from its edge on. */
function strokesFromOutside(signal: AbortSignal): void {
  const main = document.querySelector("main")!;
  const map = main.querySelector<HTMLElement>(".map-view")!;
  const isBeside = (target: EventTarget | null): boolean => target === main || target === map.parentElement;
  main.addEventListener(
    "pointerdown",
    (event) => {
      if (event.button || event.pointerType === "touch" || !isBeside(event.target)) return;
      map.focus({ preventScroll: true });
      map.dispatchEvent(new PointerEvent(event.type, event));
    },
    { signal },
  );
  // Else the browser would take the focus back, and mark texts.
  main.addEventListener("mousedown", (event) => isBeside(event.target) && event.preventDefault(), { signal });
}

/** How near a finger comes to the small picture over a phone's map before that goes to the other side, in CSS pixels. */
const NEAR = 24;

/** On a phone a square net's picture lies over a corner of the map: it makes room for a finger that paints there. */
function pictureDodges(signal: AbortSignal): void {
  const main = document.querySelector("main")!;
  main.addEventListener(
    "pointermove",
    ({ buttons, clientX, clientY, target }) => {
      const picture = main.querySelector<HTMLElement>(".inset:not(.swapped) .pane.picture");
      if (!picture || !buttons || !(target instanceof Element && target.closest(".map-view"))) return;
      const { left, right, bottom } = picture.getBoundingClientRect();
      if (clientX < left - NEAR || clientX > right + NEAR || clientY > bottom + NEAR) return;
      picture.classList.toggle("left");
    },
    { signal, passive: true },
  );
}

/** Keys of the whole page; those of the map are the map's own. */
function pageKeys(actions: Actions, hide: () => void, signal: AbortSignal): void {
  const { studio } = actions;
  const down = (event: KeyboardEvent): void => {
    const { key, ctrlKey, metaKey, altKey, repeat, target } = event;
    if (target instanceof HTMLInputElement && target.type !== "range" && target.type !== "checkbox") return;
    // A dialog has the keys, and letters choose in a list.
    if (actions.question.value || target instanceof HTMLSelectElement) return;
    const chord = ctrlKey || metaKey;
    if (chord && key.toLowerCase() === "s") {
      event.preventDefault();
      actions.question.value = { kind: "save" };
    } else if (chord && key.toLowerCase() === "z") {
      event.preventDefault();
      if (event.shiftKey) studio.doc.value.redo();
      else studio.doc.value.undo();
    } else if (chord || altKey || repeat) return;
    else if (key === "r" || key === "R") studio.roll();
    else if (key === "p" || key === "P") studio.togglePixels();
    else if (key === "c" || key === "C") studio.comparing.value = true;
    else if (key === "\\") hide();
    else if (key === "?") actions.question.value = { kind: "keys" };
  };
  const up = ({ key }: KeyboardEvent): void => {
    if (key === "c" || key === "C") studio.comparing.value = false;
  };
  addEventListener("keydown", down, { signal });
  addEventListener("keyup", up, { signal });
}
