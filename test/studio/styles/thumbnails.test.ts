import { effect } from "@preact/signals";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Engine } from "../../../src/studio/net/engine.ts";
import type { StyleEntry } from "../../../src/studio/styles/library.ts";
import { Thumbnails } from "../../../src/studio/styles/thumbnails.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const styles = ["a", "b"].map((id) => ({ id, name: id, kind: "preset", z: new Float32Array(2) }) as StyleEntry);
/** Runs jobs at once, and counts the pictures. */
function engine() {
  const counts = { pictures: 0 };
  const fake = {
    whenIdle: (job: () => Promise<unknown>) => void job(),
    picture: () => Promise.resolve({ number: ++counts.pictures }),
  };
  return { counts, fake: fake as unknown as Engine };
}

test("they are painted when nothing has changed for half a second, and not once the map has changed", async () => {
  const { counts, fake } = engine();
  const thumbnails = new Thumbnails();
  thumbnails.paint(fake, new Uint8Array(4), styles);
  await vi.advanceTimersByTimeAsync(450);
  expect(counts.pictures).toBe(0);
  thumbnails.stale();
  await vi.advanceTimersByTimeAsync(1000);
  expect(counts.pictures).toBe(0);
  thumbnails.paint(fake, new Uint8Array(4), styles);
  await vi.advanceTimersByTimeAsync(550);
  expect(counts.pictures).toBe(2);
  expect([...thumbnails.all.value.values()].every(({ fresh }) => fresh)).toBe(true);
});

test("a stroke makes them stale once: later moves draw no tile anew", async () => {
  const { fake } = engine();
  const thumbnails = new Thumbnails();
  thumbnails.paint(fake, new Uint8Array(4), styles);
  await vi.advanceTimersByTimeAsync(600);
  let changes = -1;
  const stop = effect(() => {
    void thumbnails.all.value;
    changes++;
  });
  for (let i = 0; i < 5; i++) thumbnails.stale();
  expect(changes).toBe(1);
  expect([...thumbnails.all.value.values()].some(({ fresh }) => fresh)).toBe(false);
  stop();
});
