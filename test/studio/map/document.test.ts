// The map that is painted: edits, locks, undo.

import { effect } from "@preact/signals";
import fc from "fast-check";
import { expect, test } from "vitest";
import { MapDocument } from "../../../src/studio/map/document.ts";

const NONE: ReadonlySet<number> = new Set();
const row = (...ids: number[]): MapDocument => new MapDocument(ids.length, 1, Uint8Array.from(ids));
const all = (doc: MapDocument): number[] => [...doc.ids];
function edit(doc: MapDocument, x0: number, x1: number, id: number, locked = NONE): void {
  doc.begin();
  doc.paint([{ y: 0, x0, x1 }], id, locked);
  doc.commit();
}

test("the document has ids of its own, as many as its size says", () => {
  const given = Uint8Array.of(1, 2);
  const doc = new MapDocument(2, 1, given);
  given[0] = 9;
  expect(all(doc)).toEqual([1, 2]);
  expect(() => new MapDocument(2, 2, given)).toThrow("2 ids for 2 x 2");
});

test("any number of edits are taken back and made again, one at a time", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(5), fc.nat(6), fc.nat(3)), { maxLength: 300 }), (edits) => {
      const doc = row(0, 1, 2, 3, 0, 1);
      const states = [all(doc)];
      for (const [x0, x1, id] of edits) {
        edit(doc, x0, x1, id);
        if (all(doc).join() !== states.at(-1)!.join()) states.push(all(doc));
      }
      for (const state of states.toReversed()) {
        expect(all(doc)).toEqual(state);
        doc.undo();
      }
      expect(doc.canUndo.value).toBe(false);
      for (const state of states) {
        expect(all(doc)).toEqual(state);
        doc.redo();
      }
      expect(doc.canRedo.value).toBe(false);
    }),
    { numRuns: 30 },
  );
});

test("all spans of an edit are one step, which holds what stood there before the edit", () => {
  const doc = row(0, 0, 0);
  doc.begin();
  expect(doc.editing).toBe(true);
  expect(doc.paint([{ y: 0, x0: 0, x1: 2 }], 1, NONE)).toBe(true);
  expect(doc.paint([{ y: 0, x0: 1, x1: 3 }], 2, NONE)).toBe(true);
  doc.commit();
  expect(doc.editing).toBe(false);
  doc.undo();
  expect(all(doc)).toEqual([0, 0, 0]);
  doc.redo();
  expect(all(doc)).toEqual([1, 2, 2]);
});

test("a new edit forgets what was taken back", () => {
  const doc = row(0, 0);
  edit(doc, 0, 1, 1);
  doc.undo();
  expect(doc.canRedo.value).toBe(true);
  edit(doc, 1, 2, 2);
  expect(doc.canRedo.value).toBe(false);
  doc.redo();
  expect(all(doc)).toEqual([0, 2]);
});

test("an edit that changes nothing, or changes all back, is no step and forgets nothing", () => {
  const doc = row(0, 0);
  edit(doc, 0, 1, 1);
  doc.undo();
  const before = doc.version.value;
  doc.begin();
  expect(doc.paint([{ y: 0, x0: 0, x1: 2 }], 0, NONE)).toBe(false);
  doc.commit();
  expect(doc.version.value).toBe(before);
  doc.begin();
  doc.paint([{ y: 0, x0: 0, x1: 2 }], 3, NONE);
  doc.paint([{ y: 0, x0: 0, x1: 2 }], 0, NONE);
  doc.commit();
  expect([doc.canUndo.value, doc.canRedo.value]).toEqual([false, true]);
});

test("an edit that is canceled leaves no trace", () => {
  const doc = row(0, 1);
  doc.begin();
  doc.paint([{ y: 0, x0: 0, x1: 2 }], 3, NONE);
  const before = doc.version.value;
  doc.cancel();
  expect(all(doc)).toEqual([0, 1]);
  expect(doc.version.value).toBeGreaterThan(before);
  expect([doc.editing, doc.canUndo.value]).toEqual([false, false]);
  expect(() => doc.paint([], 1, NONE)).toThrow("paint without begin");
});

test("pixels of locked labels keep their label; parts outside the map are left out", () => {
  const doc = new MapDocument(3, 2, Uint8Array.of(0, 1, 0, 1, 0, 0));
  doc.begin();
  doc.paint(
    [-1, 0, 1, 2].map((y) => ({ y, x0: -2, x1: 9 })),
    5,
    new Set([1]),
  );
  doc.commit();
  expect(all(doc)).toEqual([5, 1, 5, 1, 5, 5]);
  doc.begin();
  expect(
    doc.paint(
      [
        { y: 0, x0: -5, x1: -1 },
        { y: 0, x0: 4, x1: 8 },
      ],
      6,
      NONE,
    ),
  ).toBe(false);
});

test("replacing all ids is one step, and ends an edit that is under way as another", () => {
  const doc = row(0, 0);
  doc.begin();
  doc.paint([{ y: 0, x0: 0, x1: 1 }], 1, NONE);
  doc.replace(Uint8Array.of(7, 7));
  expect(all(doc)).toEqual([7, 7]);
  doc.undo();
  expect(all(doc)).toEqual([1, 0]);
  doc.undo();
  expect(all(doc)).toEqual([0, 0]);
  expect(() => doc.replace(Uint8Array.of(1))).toThrow("1 ids in place of 2");
});

test("undo during an edit takes that edit back", () => {
  const doc = row(0);
  doc.begin();
  doc.paint([{ y: 0, x0: 0, x1: 1 }], 1, NONE);
  doc.undo();
  expect([all(doc), doc.editing, doc.canRedo.value]).toEqual([[0], false, true]);
});

test("steps count whole edits, undo and redo, not what is painted on the way", () => {
  const doc = row(0, 0, 0);
  doc.begin();
  doc.paint([{ y: 0, x0: 0, x1: 1 }], 1, NONE);
  doc.paint([{ y: 0, x0: 1, x1: 2 }], 1, NONE);
  expect(doc.steps.value).toBe(0);
  doc.commit();
  expect(doc.steps.value).toBe(1);
  edit(doc, 0, 1, 1);
  doc.begin();
  doc.cancel();
  expect(doc.steps.value).toBe(1);
  doc.undo();
  doc.redo();
  doc.redo();
  expect(doc.steps.value).toBe(3);
});

test("an effect that edits the document does not follow it", () => {
  const doc = row(0, 0);
  let runs = 0;
  const stop = effect(() => {
    runs++;
    doc.replace(Uint8Array.of(runs, runs));
  });
  edit(doc, 0, 1, 9);
  expect(runs).toBe(1);
  stop();
});
