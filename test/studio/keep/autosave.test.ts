// When the document is written.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Autosave } from "../../../src/studio/keep/autosave.ts";
import type { Documents, Kept, Opened } from "../../../src/studio/keep/documents.ts";

let listeners: Record<string, () => void>;
let written: number[];
let visibilityState: string;
beforeEach(() => {
  vi.useFakeTimers();
  [listeners, written, visibilityState] = [{}, [], "visible"];
  const addEventListener = (type: string, listener: () => void): void => void (listeners[type] = listener);
  vi.stubGlobal("addEventListener", addEventListener);
  vi.stubGlobal("document", {
    addEventListener,
    get visibilityState() {
      return visibilityState;
    },
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Keeps a counter in place of a map. */
async function started(documents: Partial<Documents> = {}) {
  const state = { ids: 0 };
  const opened: Opened = { key: "a", kept: undefined, isCopy: false };
  const save = new Autosave(() => ({ net: "n", width: 1, height: 1, ids: Uint8Array.of(state.ids) }), {
    open: () => Promise.resolve(opened),
    write: (_: string, { ids }: Kept) => Promise.resolve(void written.push(ids[0])),
    ...documents,
  } as Documents);
  await save.open();
  const change = (): void => {
    state.ids++;
    save.changed();
  };
  return { save, change };
}

test("is 500 ms after the last change, once", async () => {
  const { change } = await started();
  change();
  vi.advanceTimersByTime(400);
  change();
  vi.advanceTimersByTime(499);
  expect(written).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(written).toEqual([2]);
  vi.advanceTimersByTime(60_000);
  expect(written).toEqual([2]);
});

test("is every five seconds while the hand does not rest", async () => {
  const { change } = await started();
  for (let i = 0; i < 120; i++) {
    change();
    vi.advanceTimersByTime(100);
  }
  expect(written.length).toBe(2);
});

test("is at once when the page is hidden or left, and not twice", async () => {
  const { change } = await started();
  change();
  listeners.visibilitychange();
  expect(written).toEqual([]);
  visibilityState = "hidden";
  listeners.visibilitychange();
  listeners.pagehide();
  expect(written).toEqual([1]);
  change();
  listeners.pagehide();
  vi.advanceTimersByTime(60_000);
  expect(written).toEqual([1, 2]);
});

test("a browser that can't keep it is named in words, until it can", async () => {
  let full = true;
  const write = (): Promise<void> => (full ? Promise.reject(new Error("no room")) : Promise.resolve());
  const { save, change } = await started({ write });
  change();
  await save.flush();
  expect(save.problem.value).toBe(
    "The browser can't keep your work (no room). Save the map as a file before you close the page.",
  );
  full = false;
  change();
  await save.flush();
  expect(save.problem.value).toBeUndefined();
});

test("a browser that keeps nothing at all does not stop the page", async () => {
  const { save, change } = await started({ open: () => Promise.reject(new Error("forbidden")) });
  expect([save.kept, save.problem.value?.includes("(forbidden)")]).toEqual([undefined, true]);
  change();
  await save.flush();
  expect(written).toEqual([]);
});
