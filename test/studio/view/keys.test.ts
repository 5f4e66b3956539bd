// The keys of the map.

import { expect, test } from "vitest";
import { Keys, type Key } from "../../../src/studio/view/keys.ts";
import { begin as beginControls, on, rows } from "./controls.ts";

/** A key as most layouts send it. */
function key(name: string, more: Partial<Key> = {}): Key {
  const code = /^[a-z]$/i.test(name) ? `Key${name.toUpperCase()}` : /^\d$/.test(name) ? `Digit${name}` : name;
  const plain = { shiftKey: false, altKey: false, ctrlKey: false, metaKey: false, repeat: false, timeStamp: 0 };
  return { key: name, code, ...plain, ...more };
}

function begin(...map: string[]) {
  const parts = beginControls(...map);
  const keys = new Keys(parts.controls);
  const tap = (name: string, more?: Partial<Key>): boolean => {
    const done = keys.down(key(name, more));
    keys.up(key(name, more));
    return done;
  };
  return { ...parts, keys, tap, said: parts.controls.said };
}

test("a tapped key chooses its tool for good, one that is held until it is let go", () => {
  const { keys, settings, tap, hand, said } = begin("00");
  for (const [name, tool, text] of [
    ["g", "fill", "Fill"],
    ["l", "line", "Line"],
    ["u", "rectangle", "Rectangle"],
    ["i", "picker", "Pick a label"],
    ["b", "brush", "Brush"],
  ] as const) {
    expect(tap(name)).toBe(true);
    expect([settings.tool.value, said.value]).toEqual([tool, text]);
  }
  keys.down(key("G", { shiftKey: true }));
  keys.down(key("g", { repeat: true, timeStamp: 400 }));
  expect(settings.tool.value).toBe("fill");
  keys.up(key("g", { timeStamp: 500 }));
  expect(settings.tool.value).toBe("brush");
  keys.down(key("l"));
  hand.begin(on(0, 0));
  hand.end();
  keys.up(key("l", { timeStamp: 90 }));
  expect(settings.tool.value).toBe("brush");
});

test("letters are found by their place where the layout has none of Latin", () => {
  const { settings, tap } = begin("00");
  tap("п", { code: "KeyG" });
  expect(settings.tool.value).toBe("fill");
});

test("digits choose labels by their order, X the one before; both are said", () => {
  const { settings, tap, said } = begin("00");
  tap("3");
  expect([settings.label.value, said.value]).toEqual([2, "Tree"]);
  tap("x");
  expect([settings.label.value, said.value]).toEqual([1, "Road"]);
  tap("x");
  expect(settings.label.value).toBe(2);
  expect(tap("9")).toBe(false);
  expect(tap("0")).toBe(false);
  expect(settings.label.value).toBe(2);
  tap("&", { code: "Digit1" });
  expect(settings.label.value).toBe(0);
});

test("brackets change the size, with Shift by eight, within its limits, AltGr or not", () => {
  const { settings, tap, said } = begin("00");
  tap("]");
  expect([settings.size.value, said.value]).toEqual([2, "Size 2"]);
  tap("}", { shiftKey: true });
  expect(settings.size.value).toBe(10);
  tap("[", { altKey: true, ctrlKey: true });
  expect(settings.size.value).toBe(9);
  for (let i = 0; i < 9; i++) tap("]", { shiftKey: true });
  expect(settings.size.value).toBe(64);
  for (let i = 0; i < 9; i++) tap("{", { shiftKey: true });
  expect(settings.size.value).toBe(1);
});

test("arrows move the brush from the middle, with Shift by eight, and say where; Space stamps, held it paints", () => {
  const { doc, keys, tap, hand, said } = begin("00000", "00000", "00000");
  tap("ArrowRight");
  expect([hand.at.value, said.value]).toEqual([on(3, 1), "Road, size 1, at 3, 1"]);
  tap(" ");
  expect(rows(doc.value)).toEqual(["00000", "00010", "00000"]);
  keys.down(key("Enter"));
  keys.down(key("Enter", { repeat: true }));
  tap("ArrowUp");
  tap("ArrowLeft", { shiftKey: true });
  keys.up(key("Enter"));
  tap("ArrowDown");
  expect(rows(doc.value)).toEqual(["11110", "00010", "00000"]);
  expect(said.value).toBe("Road, size 1, at 0, 1");
  tap("z", { ctrlKey: true });
  expect(rows(doc.value)).toEqual(["00000", "00010", "00000"]);
});

test("a line by keys: tap, go, tap; or hold, go, let go", () => {
  const { doc, keys, tap } = begin("00000", "00000", "00000");
  tap("l");
  tap("ArrowLeft");
  tap(" ");
  tap("ArrowRight");
  tap("ArrowRight");
  expect(doc.value.canUndo.value).toBe(false);
  tap(" ");
  expect(rows(doc.value)).toEqual(["00000", "01110", "00000"]);
  keys.down(key(" "));
  tap("ArrowDown");
  keys.up(key(" "));
  expect(rows(doc.value)).toEqual(["00000", "01110", "00010"]);
});

test("Space moves the map where a pointer leads the hand, and stamps where keys do", () => {
  const { controls, keys, hand, tap, doc } = begin("000");
  hand.move(on(1, 0));
  keys.down(key(" "));
  expect(controls.panning.value).toBe(true);
  keys.up(key(" "));
  expect([controls.panning.value, hand.drawing.value, doc.value.canUndo.value]).toEqual([false, false, false]);
  hand.at.value = undefined;
  tap(" ");
  expect(rows(doc.value)).toEqual(["010"]);
});

test("undo, redo and Escape: a stroke under way is taken back first", () => {
  const { doc, hand, tap, said, readOnly } = begin("00");
  expect(tap("Escape")).toBe(false);
  hand.begin(on(0, 0));
  hand.end();
  hand.begin(on(1, 0));
  expect(tap("z", { ctrlKey: true })).toBe(true);
  expect(rows(doc.value)).toEqual(["10"]);
  tap("z", { metaKey: true });
  expect([rows(doc.value)[0], said.value]).toEqual(["00", "Undone"]);
  tap("Z", { ctrlKey: true, shiftKey: true });
  expect([rows(doc.value)[0], said.value]).toEqual(["10", "Redone"]);
  hand.begin(on(1, 0));
  expect([tap("Escape"), rows(doc.value)[0], said.value]).toEqual([true, "10", "Stroke taken back"]);
  readOnly.value = true;
  expect([tap("z", { ctrlKey: true }), rows(doc.value)[0]]).toEqual([false, "10"]);
});

test("plus, minus and Home zoom, around the brush if there is one", () => {
  const { hand, viewport, tap } = begin("0000", "0000");
  tap("+");
  tap("=");
  expect(viewport.zoom.value).toBe(2);
  tap("-");
  expect(viewport.zoom.value).toBe(1.5);
  tap("Home");
  expect(viewport.zoom.value).toBe(1);
  hand.move({ x: 4, y: 2 });
  tap("+");
  expect(viewport.toMap({ x: 40, y: 20 })).toEqual({ x: 4, y: 2 });
});

test("Shift and Alt are known to the hand; keys of others and of the browser are left alone", () => {
  const { keys, hand, settings, tap } = begin("00");
  expect(keys.down(key("Shift", { shiftKey: true }))).toBe(false);
  expect(hand.shift.value).toBe(true);
  keys.up(key("Shift"));
  expect(hand.shift.value).toBe(false);
  // Else the browser's menu would open.
  expect(keys.down(key("Alt", { altKey: true }))).toBe(true);
  expect(hand.tool.value).toBe("picker");
  keys.up(key("Alt"));
  expect(hand.tool.value).toBe("brush");
  for (const name of ["r", "p", "c", "\\", "Tab", "F5"]) expect(tap(name)).toBe(false);
  for (const name of ["l", "1", "+", "-"]) expect(tap(name, { ctrlKey: true })).toBe(false);
  expect(tap("ArrowLeft", { altKey: true })).toBe(false);
  expect([settings.tool.value, hand.at.value]).toEqual(["brush", undefined]);
});

test("without the focus no key is held, and a brush of keys is gone", () => {
  const { controls, doc, keys, hand, settings, tap } = begin("000");
  tap("ArrowRight");
  keys.down(key("g", { altKey: false }));
  keys.down(key("Shift", { shiftKey: true }));
  keys.leave();
  expect([settings.tool.value, hand.shift.value, hand.at.value]).toEqual(["brush", false, undefined]);
  keys.down(key("Enter"));
  keys.leave();
  expect([hand.drawing.value, rows(doc.value)[0]]).toEqual([false, "010"]);
  hand.move(on(0, 0));
  keys.down(key(" "));
  keys.leave();
  expect([controls.panning.value, hand.at.value]).toEqual([false, on(0, 0)]);
});

test("a slash and the beginning of a name choose a label; Enter ends the name, and letters are tools again", () => {
  const { settings, tap, said } = begin("00");
  expect(tap("/")).toBe(true);
  expect(tap("t")).toBe(true);
  expect([settings.label.value, said.value]).toEqual([2, "Tree"]);
  tap("Backspace");
  tap("S", { shiftKey: true });
  tap("k");
  expect([settings.label.value, settings.tool.value]).toEqual([0, "brush"]);
  tap("b");
  expect([settings.label.value, said.value]).toEqual([0, "No label is called that."]);
  tap("Enter");
  tap("g");
  expect([settings.label.value, settings.tool.value]).toEqual([0, "fill"]);
});
