import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { instanceEdges } from "../../src/labels/edges.ts";
import type { LabelMap } from "../../src/labels/label_map.ts";
import { buildLevels, LevelsScratch, torchNearest } from "../../src/labels/levels.ts";
import { denseTwoLayers, lookedUpTwoLayers, oneHot, randomConv, resizeNearest } from "./dense_reference.ts";

function edgesOf(rows: number[][]): number[][] {
  const [h, w] = [rows.length, rows[0].length];
  const edges = new Uint8Array(h * w);
  instanceEdges(rows.flat(), 0, w, h, edges, 0);
  return rows.map((_, y) => [...edges.subarray(y * w, (y + 1) * w)]);
}

describe("instance edges", () => {
  it("mark both sides of a boundary, and not the border of the image", () => {
    expect(
      edgesOf([
        [7, 7, 7, 7, 9],
        [7, 7, 7, 7, 7],
        [7, 7, 7, 7, 7],
        [7, 7, 3, 7, 7],
      ]),
    ).toEqual([
      [0, 0, 0, 1, 1],
      [0, 0, 0, 0, 1],
      [0, 0, 1, 0, 0],
      [0, 1, 1, 1, 0],
    ]);
  });

  it("need no second row or column", () => {
    expect(edgesOf([[1, 1, 2, 2, 1]])).toEqual([[0, 1, 1, 1, 1]]);
    expect(edgesOf([[1], [1], [2]])).toEqual([[0], [1], [1]]);
    expect(edgesOf([[5]])).toEqual([[0]]);
  });
});

describe("torch's nearest", () => {
  const indices = (size: number, out: number): number[] =>
    Array.from({ length: out }, (_, i) => torchNearest(i, size, out));

  it("reads floor(i*in/out) but for the rare ratios whose float32 product is rounded up", () => {
    // expected: numpy float32, the arithmetic of torch's kernel
    expect(indices(84, 20)).toEqual([0, 4, 8, 12, 16, 21, 25, 29, 33, 37, 42, 46, 50, 54, 58, 62, 67, 71, 75, 79]);
    const exact = Array.from({ length: 40 }, (_, i) => Math.floor((i * 376) / 40));
    expect(exact[25]).toBe(235);
    expect(indices(376, 40)).toEqual(exact.map((v, i) => (i === 25 ? 234 : v)));
  });

  it("reads every (in/out)th pixel for powers of two, and repeats pixels when it enlarges", () => {
    expect(indices(256, 8)).toEqual([0, 32, 64, 96, 128, 160, 192, 224]);
    expect(indices(2, 5)).toEqual([0, 0, 0, 1, 1]);
  });
});

/** A batch of maps of random shape and patchiness, with don't care where the net has it, and a level to see it at. */
const cases = fc
  .record({
    images: fc.integer({ min: 1, max: 3 }),
    width: fc.integer({ min: 1, max: 11 }),
    height: fc.integer({ min: 1, max: 11 }),
    h: fc.integer({ min: 1, max: 9 }),
    w: fc.integer({ min: 1, max: 9 }),
    k: fc.constantFrom(1, 3, 5, 7),
    labelNc: fc.integer({ min: 1, max: 4 }),
    hasDontCare: fc.boolean(),
    edges: fc.boolean(),
    ownInstances: fc.boolean(),
    cell: fc.integer({ min: 1, max: 5 }),
    seed: fc.integer(),
  })
  .map((c) => {
    const random = (n: number, y: number, x: number, salt: number): number => {
      const mixed = Math.imul(c.seed ^ (salt + n * 7919 + y * 104729 + x * 31), 0x45d9f3b);
      return (mixed ^ (mixed >>> 13)) >>> 3;
    };
    const map = (n: number, salt: number, id: (r: number) => number): LabelMap => ({
      width: c.width,
      height: c.height,
      data: Uint8Array.from({ length: c.width * c.height }, (_, i) => {
        const [y, x] = [Math.floor(i / c.width), i % c.width];
        return id(random(n, Math.floor(y / c.cell), Math.floor(x / c.cell), salt));
      }),
    });
    const labelCount = c.labelNc + (c.hasDontCare ? 1 : 0);
    const label = (r: number): number => (c.hasDontCare && r % 5 === 0 ? 255 : r % labelCount);
    return {
      ...c,
      maps: Array.from({ length: c.images }, (_, n) => map(n, 0, label)),
      instances: c.ownInstances ? Array.from({ length: c.images }, (_, n) => map(n, 555, (r) => r % 3)) : null,
      net: { labelCount, dontCare: c.hasDontCare ? c.labelNc : null, edges: c.edges },
    };
  });

describe("the windows of a level", () => {
  it("give what two dense convolutions of the one-hot map give, bit for bit in float64", () => {
    const scratch = new LevelsScratch();
    fc.assert(
      fc.property(cases, ({ maps, instances, net, h, w, k, seed }) => {
        const conv1 = randomConv(net.labelCount + (net.edges ? 1 : 0), 3, k, seed);
        const conv2 = randomConv(3, 2, k, seed + 1);
        const [windows] = buildLevels(maps, instances, net, [{ h, w, k }], scratch);
        const looked = lookedUpTwoLayers(windows, net.labelCount, conv1, conv2);
        maps.forEach((map, n) => {
          const x = resizeNearest(oneHot(map, instances ? instances[n] : null, net), h, w);
          expect(looked[n]).toEqual(denseTwoLayers(x, conv1, conv2));
        });
      }),
      { numRuns: 120 },
    );
  });

  it("are right where every pixel has a label of its own", () => {
    const map = { data: Int32Array.from({ length: 30 }, (_, i) => 29 - i), width: 6, height: 5 };
    const net = { labelCount: 30, dontCare: null, edges: false };
    const [conv1, conv2] = [randomConv(30, 3, 3, 4), randomConv(3, 2, 3, 5)];
    const [windows] = buildLevels([map], null, net, [{ h: 5, w: 6, k: 3 }]);
    expect(windows.outerCount).toBe(30);
    expect(lookedUpTwoLayers(windows, 30, conv1, conv2)[0]).toEqual(
      denseTwoLayers(oneHot(map, null, net), conv1, conv2),
    );
  });
});

describe("the levels of a net", () => {
  const map = { data: Uint8Array.from({ length: 24 * 16 }, (_, i) => ((i >> 2) * 5) % 4), width: 24, height: 16 };
  const levels = [
    { h: 2, w: 3, k: 3 },
    { h: 16, w: 24, k: 5 },
    { h: 4, w: 6, k: 1 },
  ];

  it("stay apart in one scratch, and are the same again", () => {
    const scratch = new LevelsScratch();
    const config = { labelCount: 4, edges: true };
    const first = buildLevels([map], null, config, levels, scratch);
    expect(first).toEqual(levels.map((level) => buildLevels([map], null, config, [level])[0]));
    const buffers = first.map((level) => [level.codes.buffer, level.outerWindows.buffer]);
    const again = buildLevels([map], null, config, levels, scratch);
    expect(again).toEqual(buildLevels([map], null, config, levels));
    again.forEach((level, i) => {
      expect(level.codes.buffer).toBe(buffers[i][0]);
      expect(level.outerWindows.buffer).toBe(buffers[i][1]);
    });
  });

  it("have even codes without an edge channel, whatever the instances", () => {
    const [level] = buildLevels([map], [map], { labelCount: 4, edges: false }, [{ h: 16, w: 24, k: 3 }]);
    expect([...level.codes]).toEqual([...map.data].map((v) => v * 2));
  });

  it("take the label map itself as instances where none are given", () => {
    const config = { labelCount: 4, edges: true };
    expect(buildLevels([map], null, config, levels)).toEqual(buildLevels([map], [map], config, levels));
  });

  it("refuse a size that is none", () => {
    expect(() => buildLevels([map], null, { labelCount: 4, edges: false }, [{ h: 0, w: 4, k: 3 }])).toThrow(/level 0/);
  });
});
