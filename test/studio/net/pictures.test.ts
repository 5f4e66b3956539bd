// The last pictures, which come back without being painted, and the choice when one is painted.

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Stats } from "../../../src/index.ts";
import { Pace } from "../../../src/studio/net/pace.ts";
import { KEPT, Pictures } from "../../../src/studio/net/pictures.ts";

const picture = (id: number, style?: number) => ({
  ids: Uint8Array.of(id, 0),
  style: style === undefined ? undefined : Float32Array.of(style),
  image: { width: 2, height: 1 } as ImageData,
});

describe("pictures", () => {
  test("are found by equal maps and styles", () => {
    const pictures = new Pictures();
    const one = picture(1, 5);
    pictures.keep(one);
    expect(pictures.find({ ids: Uint8Array.of(1, 0), style: Float32Array.of(5) })).toBe(one);
    expect(pictures.find({ ids: Uint8Array.of(1, 0), style: Float32Array.of(6) })).toBeUndefined();
    expect(pictures.find({ ids: Uint8Array.of(1, 0), style: undefined })).toBeUndefined();
    expect(pictures.find({ ids: Uint8Array.of(2, 0), style: Float32Array.of(5) })).toBeUndefined();
  });

  test("the last twelve stay, the newest first, each once", () => {
    const pictures = new Pictures();
    for (let i = 0; i < KEPT + 2; i++) pictures.keep(picture(i));
    pictures.keep(picture(5));
    expect(pictures.all.value.map(({ ids }) => ids[0])).toEqual([5, 13, 12, 11, 10, 9, 8, 7, 6, 4, 3, 2]);
  });
});

describe("pace", () => {
  const edit = (ms: number) => ({ total: ms, network: ms, present: 0, windows: 100, newWindows: 5 }) as Stats;

  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("fast pictures follow every change, slow ones the pause of the hand", () => {
    const pace = new Pace();
    const paint = vi.fn();
    pace.changed(paint, true);
    expect(paint).toHaveBeenCalledTimes(1);
    pace.note(edit(900));
    for (let i = 0; i < 5; i++) {
      pace.changed(paint, true);
      vi.advanceTimersByTime(100);
    }
    expect(paint).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(250);
    expect(paint).toHaveBeenCalledTimes(2);
  });

  test("what changes outside a stroke is painted at once", () => {
    const pace = new Pace();
    pace.note(edit(900));
    const paint = vi.fn();
    pace.changed(paint, true);
    pace.changed(paint, false);
    expect(paint).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(1000);
    expect(paint).toHaveBeenCalledTimes(1);
  });

  test("of a new map's first picture the net's part counts", () => {
    const pace = new Pace();
    pace.note({ ...edit(60), total: 900, newWindows: 100 });
    expect(pace.follows.value).toBe(true);
  });

  test("it ends at slower pictures than it begins at", () => {
    const pace = new Pace();
    pace.note(edit(500));
    expect(pace.follows.value).toBe(true);
    for (let i = 0; i < 5; i++) pace.note(edit(700));
    expect(pace.follows.value).toBe(false);
    for (let i = 0; i < 5; i++) pace.note(edit(500));
    expect(pace.follows.value).toBe(false);
    for (let i = 0; i < 3; i++) pace.note(edit(300));
    expect(pace.follows.value).toBe(true);
  });

  test("one slow picture of five does not end it", () => {
    const pace = new Pace();
    for (const ms of [50, 50, 2000]) pace.note(edit(ms));
    expect(pace.follows.value).toBe(true);
    for (const ms of [2000, 2000]) pace.note(edit(ms));
    expect(pace.follows.value).toBe(false);
  });
});
