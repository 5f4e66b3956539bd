import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { LevelWindows } from "../../src/labels/windows.ts";
import type { TableRoom } from "../../src/models/nets/table_room.ts";
import { usualRoom, roomFor } from "../../src/painting/choose_room.ts";

const none = new Int32Array();
const counts = (h: number, w: number, images: number, innerCount: number, outerCount: number): LevelWindows => ({
  ...{ h, w, images, innerCount, outerCount, k: 3 },
  ...{ codes: none, innerIds: none, innerWindows: none, outerIds: none, outerWindows: none },
});

/** Plans a sequence of maps as the runner does: one plan a mode is kept. */
function* sequence(maps: readonly LevelWindows[], first?: TableRoom): Generator<{ plan: TableRoom; made: boolean }> {
  let old = first;
  let other: TableRoom | undefined;
  for (const lw of maps) {
    const plan = roomFor(lw, old, other);
    const made = plan !== old && plan !== other;
    if (plan !== old) other = [old, other].find((p) => p && p.mode !== plan.mode);
    old = plan;
    yield { plan, made };
  }
}

const level = fc.record({
  h: fc.integer({ min: 1, max: 48 }),
  w: fc.integer({ min: 1, max: 48 }),
  images: fc.integer({ min: 1, max: 3 }),
});
const shares = fc.array(
  fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true })),
  { minLength: 1, maxLength: 40 },
);

describe("roomFor", () => {
  test("over any maps: everything fits, caps hold, lookup capacities never shrink, plans are few, and none is made the second time round", () => {
    fc.assert(
      fc.property(level, shares, fc.boolean(), ({ h, w, images }, drawn, warm) => {
        const pixels = images * h * w;
        const maps = drawn.map(([a, b]) =>
          counts(h, w, images, 2 + Math.floor(a * (pixels - 1)), 1 + Math.floor(b * (pixels - 1))),
        );
        let [inner, outer, made] = [0, 0, 0];
        const planned = [...sequence([...maps, ...maps, ...maps], warm ? usualRoom({ h, w, images }) : undefined)];
        planned.forEach(({ plan, made: isNew }, i) => {
          const { innerCount, outerCount } = maps[i % maps.length];
          expect(plan.inner.capacity).toBeGreaterThanOrEqual(innerCount);
          expect(plan.outer.capacity).toBeGreaterThanOrEqual(outerCount);
          expect(plan.inner.capacity).toBeLessThanOrEqual(pixels + 1);
          expect(plan.outer.capacity).toBeLessThanOrEqual((h * w <= 256 ? 2 : 1) * pixels);
          if (h * w <= 256) expect(plan.mode).toBe("lookup");
          if (isNew) made++;
          if (plan.mode === "dense") return;
          expect(plan.inner.capacity).toBeGreaterThanOrEqual(inner);
          expect(plan.outer.capacity).toBeGreaterThanOrEqual(outer);
          [inner, outer] = [plan.inner.capacity, plan.outer.capacity];
        });
        // Each plan but the first of its mode doubles a capacity or takes it to its cap.
        expect(made).toBeLessThanOrEqual(2 + 2 * Math.ceil(Math.log2(pixels + 1)));
        if (h * w <= 256) expect(made).toBeLessThanOrEqual(1);
        // The second round may start in another mode than the first; the third has nothing new.
        expect(planned.slice(2 * maps.length).filter((p) => p.made)).toEqual([]);
      }),
    );
  });

  test("a level that went dense comes back to the tables it had", () => {
    const real = counts(64, 64, 1, 1500, 2000);
    const noise = counts(64, 64, 1, 4097, 4096);
    const plans = [...sequence([real, noise, real, noise])];
    expect(plans.map((p) => p.plan.mode)).toEqual(["lookup", "dense", "lookup", "dense"]);
    expect(plans.map((p) => p.made)).toEqual([true, true, false, false]);
  });

  test("the first plan has room for the largest of the COCO maps", () => {
    for (const [side, inner, outer] of [
      [32, 644, 930],
      [64, 1629, 2715],
      [128, 3263, 6853],
      [256, 4528, 13151],
    ]) {
      const plan = usualRoom({ h: side, w: side, images: 1 });
      expect(roomFor(counts(side, side, 1, inner, outer), plan)).toBe(plan);
    }
  });
});
