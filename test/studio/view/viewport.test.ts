// Zoom and pan.

import { signal } from "@preact/signals";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Viewport } from "../../../src/studio/view/viewport.ts";

function begin(width = 40, height = 30, scale = 2) {
  const size = signal({ width, height });
  const scaled = signal(scale);
  return { viewport: new Viewport(size, scaled), size, scale: scaled };
}
const origin = ({ origin }: Viewport) => [origin.value.x, origin.value.y];

test("at first the whole map is seen", () => {
  const { viewport } = begin();
  expect(viewport.toMap({ x: 0, y: 0 })).toEqual({ x: 0, y: 0 });
  expect(viewport.toMap({ x: 80, y: 60 })).toEqual({ x: 40, y: 30 });
  expect(viewport.pixel.value).toBe(2);
});

test("zoom keeps the place under the pointer, in steps of one half, between 1 and 16", () => {
  const { viewport } = begin();
  const at = { x: 60, y: 20 };
  const before = viewport.toMap(at);
  expect(viewport.zoomStep(1, at)).toBe(true);
  expect(viewport.zoom.value).toBe(1.5);
  expect(viewport.toMap(at)).toEqual(before);
  viewport.zoomTo(3.2, at);
  expect(viewport.toMap(at).x).toBeCloseTo(before.x);
  viewport.zoomStep(1, at);
  expect(viewport.zoom.value).toBe(3.5);
  viewport.zoomTo(3.2, at);
  viewport.zoomStep(-1, at);
  expect(viewport.zoom.value).toBe(3);
  viewport.zoomTo(99);
  expect([viewport.zoom.value, viewport.zoomStep(1)]).toEqual([16, false]);
  viewport.zoomTo(0.1);
  expect([viewport.zoom.value, viewport.zoomStep(-1)]).toEqual([1, false]);
  expect(origin(viewport)).toEqual([0, 0]);
});

test("whatever is done, the window shows nothing but the map, and places go to and fro", () => {
  const action = fc.tuple(
    fc.double({ min: 0.2, max: 20, noNaN: true }),
    fc.nat(80),
    fc.nat(60),
    fc.integer(),
    fc.integer(),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 8 }), (actions) => {
      const { viewport } = begin();
      for (const [zoom, x, y, dx, dy] of actions) {
        viewport.zoomTo(zoom, { x, y });
        viewport.pan(dx % 100, dy % 100);
        const [start, end] = [viewport.toMap({ x: 0, y: 0 }), viewport.toMap({ x: 80, y: 60 })];
        expect(Math.min(start.x, start.y)).toBeGreaterThanOrEqual(0);
        expect(end.x).toBeLessThanOrEqual(40.000001);
        expect(end.y).toBeLessThanOrEqual(30.000001);
        const back = viewport.toWindow(viewport.toMap({ x, y }));
        expect(back.x).toBeCloseTo(x);
        expect(back.y).toBeCloseTo(y);
      }
    }),
  );
});

test("pan moves the map with the pointer", () => {
  const { viewport } = begin();
  viewport.zoomTo(2, { x: 0, y: 0 });
  viewport.pan(-8, -4);
  expect(origin(viewport)).toEqual([2, 1]);
  viewport.pan(1000, 1000);
  expect(origin(viewport)).toEqual([0, 0]);
});

test("a place outside comes into the window with a pixel around it; one inside moves nothing", () => {
  const { viewport } = begin();
  viewport.zoomTo(2, { x: 0, y: 0 });
  viewport.reveal({ x: 10.5, y: 10.5 });
  expect(origin(viewport)).toEqual([0, 0]);
  viewport.reveal({ x: 25.5, y: 20.5 });
  expect(origin(viewport)).toEqual([6.5, 6.5]);
  viewport.reveal({ x: 3.5, y: 20.5 });
  expect(origin(viewport)).toEqual([2.5, 6.5]);
});

test("another scale shows the same part of the map; reset shows all", () => {
  const { viewport, scale } = begin();
  viewport.zoomTo(2, { x: 80, y: 60 });
  scale.value = 3;
  expect(viewport.toMap({ x: 0, y: 0 })).toEqual({ x: 20, y: 15 });
  expect(viewport.toMap({ x: 120, y: 90 })).toEqual({ x: 40, y: 30 });
  viewport.reset();
  expect([viewport.zoom.value, ...origin(viewport)]).toEqual([1, 0, 0]);
});
