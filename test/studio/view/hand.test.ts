// What tools do to the document, and what they show before.

import { expect, test } from "vitest";
import { MapDocument, type Span } from "../../../src/studio/map/document.ts";
import { begin, on, rows } from "./controls.ts";

const SKY = ["0000", "0000", "0000"];
const pixelsOf = (spans: readonly Span[]): string[] =>
  spans.flatMap(({ y, x0, x1 }) => Array.from({ length: x1 - x0 }, (_, i) => `${x0 + i},${y}`)).sort();

test("a stroke of the brush paints its whole way and is one step", () => {
  const { doc, hand } = begin(...SKY);
  hand.begin(on(0, 0));
  expect(rows(doc.value)[0]).toBe("1000");
  hand.move(on(3, 0));
  hand.move(on(3, 2));
  hand.end();
  expect(rows(doc.value)).toEqual(["1111", "0001", "0001"]);
  hand.move(on(0, 2));
  expect(rows(doc.value)[2]).toBe("0001");
  doc.value.undo();
  expect(rows(doc.value)).toEqual(SKY);
});

test("a stroke that is canceled leaves nothing, and the next move paints nothing", () => {
  const { doc, hand } = begin(...SKY);
  expect(hand.cancel()).toBe(false);
  hand.begin(on(0, 0));
  hand.move(on(3, 0));
  expect(hand.cancel()).toBe(true);
  hand.move(on(3, 2));
  hand.end();
  expect(rows(doc.value)).toEqual(SKY);
  expect(doc.value.canUndo.value).toBe(false);
});

test("with Shift the brush comes straight from the end of the last stroke, and shows it before", () => {
  const { doc, hand } = begin(...SKY);
  hand.shift.value = true;
  hand.move(on(1, 1));
  expect(pixelsOf(hand.reach.value)).toEqual(["1,1"]);
  hand.begin(on(0, 0));
  hand.end();
  hand.move(on(3, 0));
  expect(pixelsOf(hand.reach.value)).toEqual(["0,0", "1,0", "2,0", "3,0"]);
  hand.begin(on(3, 0));
  hand.end();
  hand.begin(on(3, 2));
  hand.end();
  expect(rows(doc.value)).toEqual(["1111", "0001", "0001"]);
});

test("the end of a stroke in another document is not where a line begins", () => {
  const { doc, hand } = begin(...SKY);
  hand.begin(on(0, 0));
  hand.end();
  doc.value = new MapDocument(4, 1, new Uint8Array(4));
  hand.shift.value = true;
  hand.begin(on(3, 0));
  hand.end();
  expect(rows(doc.value)).toEqual(["0001"]);
});

test("a line is shown from its beginning, and painted with the brush when it ends", () => {
  const { doc, hand, settings } = begin("00000", "00000", "00000", "00000");
  settings.tool.value = "line";
  settings.shape.value = "square";
  settings.size.value = 2;
  hand.begin({ x: 1, y: 1 });
  hand.move({ x: 4, y: 4 });
  hand.move({ x: 4, y: 1 });
  const shown = ["0,0", "1,0", "2,0", "3,0", "4,0"].flatMap((p) => [p, p.replace(",0", ",1")]).sort();
  expect(pixelsOf(hand.reach.value)).toEqual(shown);
  expect(doc.value.canUndo.value || doc.value.editing).toBe(false);
  hand.end();
  expect(rows(doc.value)).toEqual(["11111", "11111", "00000", "00000"]);
});

test("a rectangle is filled between its corners; canceled it is none", () => {
  const { doc, hand, settings } = begin("00000", "00000", "00000", "00000");
  settings.tool.value = "rectangle";
  hand.begin(on(3, 3));
  hand.move(on(1, 2));
  hand.cancel();
  expect(doc.value.canUndo.value).toBe(false);
  hand.begin(on(3, 3));
  hand.move(on(1, 2));
  hand.end();
  expect(rows(doc.value)).toEqual(["00000", "00000", "01110", "01110"]);
});

test("a fill shows what it fills: the region, with Shift all of that label, and nothing that would not change", () => {
  const { doc, hand, settings } = begin("0022", "2022", "0222");
  settings.tool.value = "fill";
  hand.move(on(0, 1));
  expect(pixelsOf(hand.reach.value)).toEqual(["0,1"]);
  hand.shift.value = true;
  expect(pixelsOf(hand.reach.value)).toHaveLength(8);
  hand.shift.value = false;
  hand.move(on(3, 0));
  const shown = hand.reach.value;
  expect(pixelsOf(shown)).toHaveLength(7);
  hand.move(on(1, 2));
  expect(hand.reach.value).toBe(shown);
  hand.begin(on(1, 2));
  expect(hand.reach.value).toEqual([]);
  hand.end();
  expect(rows(doc.value)).toEqual(["0011", "2011", "0111"]);
  expect(hand.reach.value).toEqual([]);
  doc.value.undo();
  hand.shift.value = true;
  hand.begin(on(3, 0));
  hand.end();
  expect(rows(doc.value)).toEqual(["0011", "1011", "0111"]);
  hand.move({ x: -1, y: 0 });
  expect(hand.reach.value).toEqual([]);
});

test("no tool paints over a locked label, and what is shown as settable leaves it out", () => {
  const { doc, hand, settings } = begin("0220", "0220");
  settings.locked.value = new Set([2]);
  for (const tool of ["brush", "line", "rectangle"] as const) {
    settings.tool.value = tool;
    hand.begin(on(0, 0));
    hand.move(on(3, 0));
    if (tool !== "brush") expect(pixelsOf(hand.settable.value)).toEqual(["0,0", "3,0"]);
    hand.end();
    expect(rows(doc.value)).toEqual(["1221", "0220"]);
    doc.value.undo();
  }
  settings.tool.value = "fill";
  for (const shift of [false, true]) {
    hand.shift.value = shift;
    hand.move(on(1, 1));
    expect(hand.reach.value).toEqual([]);
    hand.begin(on(1, 1));
    hand.end();
  }
  expect(rows(doc.value)).toEqual(["0220", "0220"]);
  settings.locked.value = new Set();
  expect(hand.settable.value).toBe(hand.reach.value);
});

test("the picker takes the label under it; those it crosses are not the last one; unknown ids are not taken", () => {
  const { hand, settings } = begin("0129");
  settings.tool.value = "picker";
  settings.label.value = 0;
  hand.begin(on(1, 0));
  hand.move(on(2, 0));
  hand.move(on(3, 0));
  hand.move(on(9, 0));
  expect([settings.label.value, settings.lastLabel.value]).toEqual([2, 0]);
  hand.end();
  hand.begin(on(1, 0));
  hand.cancel();
  expect([settings.label.value, settings.lastLabel.value]).toEqual([2, 0]);
});

test("Alt makes any tool a picker, but does not interrupt a stroke", () => {
  const { doc, hand, settings } = begin("02");
  hand.alt.value = true;
  expect(hand.tool.value).toBe("picker");
  hand.begin(on(1, 0));
  hand.end();
  expect([settings.label.value, rows(doc.value)[0], settings.tool.value]).toEqual([2, "02", "brush"]);
  hand.alt.value = false;
  hand.begin(on(0, 0));
  hand.alt.value = true;
  expect(hand.tool.value).toBe("brush");
  hand.end();
});

test("pressure scales the brush from a quarter to all of its size, if it is to", () => {
  const { hand, settings } = begin(...SKY);
  settings.size.value = 40;
  hand.begin(on(0, 0), 0);
  expect(hand.size.value).toBe(10);
  hand.move(on(1, 0), 0.5);
  expect(hand.size.value).toBe(25);
  hand.move(on(1, 0), 1);
  expect(hand.size.value).toBe(40);
  settings.pressure.value = false;
  hand.move(on(1, 0), 0);
  expect(hand.size.value).toBe(40);
  hand.end();
  settings.pressure.value = true;
  settings.tool.value = "line";
  hand.begin(on(0, 0), 0);
  expect(hand.size.value).toBe(40);
  hand.end();
  settings.size.value = 1;
  settings.tool.value = "brush";
  hand.begin(on(0, 0), 0);
  expect(hand.size.value).toBe(1);
});

test("a stroke changes by pressure without gaps", () => {
  const { doc, hand, settings } = begin(...Array<string>(8).fill("0".repeat(40)));
  settings.shape.value = "square";
  settings.size.value = 4;
  hand.begin({ x: 4, y: 4 }, 1);
  hand.move({ x: 20, y: 4 }, 0);
  hand.move({ x: 36, y: 4 }, 1);
  hand.end();
  expect(rows(doc.value)[4].indexOf("01")).toBe(1);
  expect(/^0{2}1{36}0{2}$/.test(rows(doc.value)[4])).toBe(true);
  expect(rows(doc.value)[5][12]).toBe("0");
});

test("while nothing may be painted, nothing is shown, and the picker works", () => {
  const { doc, hand, readOnly, settings } = begin("02");
  readOnly.value = true;
  hand.begin(on(0, 0));
  hand.move(on(1, 0));
  hand.end();
  expect([rows(doc.value)[0], hand.reach.value.length, hand.drawing.value]).toEqual(["02", 0, false]);
  hand.begin(on(1, 0), undefined, "picker");
  hand.end();
  expect(settings.label.value).toBe(2);
});

test("an undo from elsewhere during a stroke ends it quietly", () => {
  const { doc, hand } = begin(...SKY);
  hand.begin(on(0, 0));
  doc.value.undo();
  hand.move(on(3, 0));
  hand.end();
  expect(rows(doc.value)).toEqual(SKY);
});

test("the label under the hand is pointed at, and follows edits", () => {
  const { doc, hand } = begin("02");
  expect(hand.pointed.value).toBeUndefined();
  hand.move(on(1, 0));
  expect(hand.pointed.value).toBe(2);
  doc.value.replace(Uint8Array.of(1, 1));
  expect(hand.pointed.value).toBe(1);
  hand.move(on(5, 0));
  expect(hand.pointed.value).toBeUndefined();
});
