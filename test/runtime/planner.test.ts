import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  BASE_LIMITS,
  describeMemory,
  Graph,
  paperTarget,
  planMemory,
  read,
  write,
  type Binding,
  type Tensor,
  paperStorage,
} from "../../src/runtime/index.ts";
import { elementwise, plus, times } from "./tiny.ts";

/** One step of a random graph. Numbers choose among the tensors that are there. */
interface Step {
  reads: number[];
  writes: { floats: number; keep: boolean; output: boolean }[];
  /** Also changes a tensor in place, in a dispatch of its own. */
  inPlace: number | null;
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    reads: fc.array(fc.nat(), { maxLength: 3 }),
    writes: fc.array(
      fc.record({
        floats: fc.integer({ min: 1, max: 3000 }),
        keep: fc.nat(9).map((n) => n === 0),
        output: fc.nat(9).map((n) => n === 0),
      }),
      { minLength: 1, maxLength: 2 },
    ),
    inPlace: fc.option(fc.nat()),
  }),
  { minLength: 1, maxLength: 25 },
);

/** Small buffers, so that arenas overflow. */
const target = paperTarget({ limits: { ...BASE_LIMITS, maxBufferSize: 40_000, maxStorageBufferBindingSize: 20_000 } });

function record(program: readonly Step[]): Graph {
  const g = new Graph(target);
  const there: Tensor[] = [g.input("in", [500]), g.external("w", [300], "f32", paperStorage("paper", 2048))];
  program.forEach((step, i) => {
    const bindings: Record<string, Binding> = {};
    for (const r of step.reads) bindings[`r${there[r % there.length].id}`] = read(there[r % there.length]);
    const made = step.writes.map((w, j) => {
      const t = g.temp(`t${i}.${j}`, [w.floats]);
      if (w.keep) g.keep(`k${i}.${j}`, t);
      else if (w.output) g.output(`o${i}.${j}`, t);
      bindings[`w${t.id}`] = write(t);
      return t;
    });
    g.dispatch({ shader: { name: "step", text: "" }, bindings, groups: [1], flops: 1 });
    there.push(...made);
    if (step.inPlace !== null) {
      const t = there[step.inPlace % there.length];
      g.dispatch({ shader: { name: "in_place", text: "" }, bindings: { x: write(t) }, groups: [1], flops: 1 });
    }
  });
  return g;
}

/** Lifetimes by their definition: first to last touch; inputs always, outputs to the end. */
function lifeOf(g: Graph, t: Tensor): [from: number, to: number] {
  const touched = g.dispatches.flatMap((d, i) => (Object.values(d.bindings).some((b) => b.tensor === t) ? [i] : []));
  if (t.home === "input") return [-1, g.dispatches.length];
  return [touched[0], t.home === "output" ? g.dispatches.length : touched[touched.length - 1]];
}

const arenaTensors = (g: Graph): Tensor[] => g.tensors.filter((t) => t.home !== "kept" && t.home !== "external");
const property = (check: (g: Graph) => void): void =>
  fc.assert(
    fc.property(steps, (program) => check(record(program))),
    { numRuns: 300 },
  );

describe("memory plans of random graphs", () => {
  test("tensors that live at the same time never overlap", () =>
    property((g) => {
      const placed = [...planMemory(g).placements.values()];
      placed.forEach((a, i) => {
        for (const b of placed.slice(i + 1)) {
          const [fromA, toA] = lifeOf(g, a.tensor);
          const [fromB, toB] = lifeOf(g, b.tensor);
          const together = fromA <= toB && fromB <= toA;
          const overlap =
            a.arena === b.arena && a.offset < b.offset + b.tensor.bytes && b.offset < a.offset + a.tensor.bytes;
          expect(together && overlap, `${a.tensor.name} and ${b.tensor.name}`).toBe(false);
        }
      });
    }));

  test("no dispatch binds an arena that it writes a second time", () =>
    property((g) => {
      const { placements } = planMemory(g);
      for (const d of g.dispatches) {
        const bound = Object.values(d.bindings).flatMap((b) => {
          const p = placements.get(b.tensor.id);
          return p ? [{ arena: p.arena, access: b.access }] : [];
        });
        const written = bound.filter((b) => b.access === "read_write").map((b) => b.arena);
        for (const arena of written) expect(bound.filter((b) => b.arena === arena)).toHaveLength(1);
      }
    }));

  test("every tensor of the arenas has its place within them, aligned, and the others have none", () =>
    property((g) => {
      const plan = planMemory(g);
      expect([...plan.placements.keys()].sort((a, b) => a - b)).toEqual(arenaTensors(g).map((t) => t.id));
      for (const { tensor, arena, offset } of plan.placements.values()) {
        expect(offset % 256).toBe(0);
        expect(offset + tensor.bytes).toBeLessThanOrEqual(plan.arenas[arena]);
      }
      for (const size of plan.arenas) expect(size).toBeLessThanOrEqual(target.limits.maxBufferSize);
    }));

  test("the arenas hold the largest live set, and are no larger than all tensors together", () =>
    property((g) => {
      const plan = planMemory(g);
      const arenas = plan.arenas.reduce((a, b) => a + b, 0);
      const tensors = arenaTensors(g);
      for (let i = -1; i <= g.dispatches.length; i++) {
        const live = tensors.filter((t) => lifeOf(g, t)[0] <= i && i <= lifeOf(g, t)[1]);
        expect(arenas).toBeGreaterThanOrEqual(live.reduce((sum, t) => sum + t.bytes, 0));
      }
      expect(arenas).toBeLessThanOrEqual(tensors.reduce((sum, t) => sum + Math.ceil(t.bytes / 256) * 256, 0));
      expect(plan.kept).toBe([...g.kept.values()].reduce((sum, t) => sum + t.bytes, 0));
      expect(plan.staging).toBe([...g.outputs.values()].reduce((sum, t) => sum + t.bytes, 0));
      expect(plan.peak).toBe(arenas + plan.kept + plan.staging + plan.sizes);
    }));

  test("are the same for the same recording", () =>
    fc.assert(
      fc.property(steps, (program) => {
        const [a, b] = [planMemory(record(program)), planMemory(record(program))];
        expect({ ...b, placements: [...b.placements.values()].map((p) => [p.tensor.id, p.arena, p.offset]) }).toEqual({
          ...a,
          placements: [...a.placements.values()].map((p) => [p.tensor.id, p.arena, p.offset]),
        });
      }),
    ));
});

test("a chain of equal tensors needs two of them, whatever its length", () => {
  const g = new Graph(paperTarget());
  let x = g.temp("first", [1024]);
  elementwise(g, "fill", "x[i] = x_t(1.0);", { x: write(x) }, x);
  for (let i = 0; i < 50; i++) x = times(g, x, 2);
  g.output("y", x);
  expect(planMemory(g).arenas).toEqual([4096, 4096]);
});

describe("limits are checked before anything is allocated, and named", () => {
  const small = paperTarget({ limits: { ...BASE_LIMITS, maxStorageBufferBindingSize: 4096, maxBufferSize: 8192 } });

  test("a tensor larger than a binding", () => {
    const g = new Graph(small);
    const x = g.input("picture", [1025]);
    expect(() => times(g, x, 2)).toThrow(
      /x = picture f32\[1025\]: is too large for this graphics card: 4112 where its maxStorageBufferBindingSize is 4096/,
    );
    expect(g.dispatches).toHaveLength(0);
  });

  test.for(["temp", "kept", "input"] as const)("a %s tensor larger than a buffer", (home) => {
    const g = new Graph(paperTarget({ limits: { ...BASE_LIMITS, maxBufferSize: 8192 } }));
    const y = home === "input" ? g.input("huge", [4096]) : g.temp("huge", [4096]);
    if (home !== "input") elementwise(g, "fill", "", { y: write(y) }, y);
    if (home === "kept") g.keep("huge", y);
    expect(() => planMemory(g)).toThrow(expect.objectContaining({ code: "limits" }));
    expect(() => planMemory(g)).toThrow(
      /huge f32\[4096\]: is too large for this graphics card: 16384 where its maxBufferSize is 8192/,
    );
  });

  test("more than 65535 workgroups, also by a count's capacity", () => {
    const g = new Graph(paperTarget());
    const x = g.temp("x", [4]);
    const spec = { shader: { name: "wide", text: "" }, bindings: { x: write(x) }, flops: 0 };
    expect(() => g.dispatch({ ...spec, groups: [1, 65536] })).toThrow(
      /wide: is too large for this graphics card: 65536 where its maxComputeWorkgroupsPerDimension is 65535/,
    );
    const count = { name: "rows", capacity: 131074 };
    expect(() => g.dispatch({ ...spec, groups: [{ count, per: 2 }] })).toThrow(/too large .*: 65537 where/);
    g.dispatch({ ...spec, groups: [{ count: { ...count, capacity: 131070 }, per: 2 }, 65535] });
    expect(() => g.dispatch({ ...spec, groups: [1.5] })).toThrow(/1.5 workgroups; give whole numbers/);
  });

  test("more buffers than a stage may bind", () => {
    const g = new Graph(paperTarget());
    const bindings = Object.fromEntries([...Array(9).keys()].map((i) => [`b${i}`, write(g.temp(`t${i}`, [4]))]));
    const spec = { shader: { name: "many", text: "" }, bindings, groups: [1] as const, flops: 0 };
    expect(() => g.dispatch(spec)).toThrow(
      /many: is too large for this graphics card: 9 where its maxStorageBuffersPerShaderStage is 8/,
    );
  });
});

describe("recordings that can't be right are refused", () => {
  const graph = (): Graph => new Graph(paperTarget());

  test("a size that is no u32", () => {
    const g = graph();
    const spec = { shader: { name: "s", text: "" }, bindings: { x: write(g.temp("x", [4])) }, groups: [1] as const };
    for (const N of [-1, 0.5, NaN, 2 ** 32]) {
      expect(() => g.dispatch({ ...spec, sizes: { N }, flops: 0 })).toThrow(/size N is .*; give a u32/);
    }
  });

  test("a tensor that is read before anything writes it", () => {
    const g = graph();
    g.output("y", times(g, g.temp("nothing", [4]), 2));
    expect(() => planMemory(g)).toThrow(/times, nothing f32\[4\]: is read before anything writes it/);
  });

  test("outputs and kept tensors that nothing computes", () => {
    const g = graph();
    g.output("y", g.temp("y", [4]));
    expect(() => planMemory(g)).toThrow(/output y f32\[4\]: is never computed/);
    const h = graph();
    h.keep("y", h.temp("y", [4]));
    expect(() => planMemory(h)).toThrow(/kept "y", y f32\[4\]: is never computed/);
  });

  test("one tensor bound twice in a dispatch that writes it, and two that share a buffer", () => {
    const g = graph();
    const x = g.input("x", [4]);
    elementwise(g, "twice", "", { x: read(x), y: write(x) }, x);
    expect(() => planMemory(g)).toThrow(/twice, x f32\[4\]: is bound twice in a dispatch that writes it/);
    const h = graph();
    const storage = paperStorage("paper", 1024);
    const a = h.external("a", [4], "f32", storage);
    const b = h.external("b", [4], "f32", { ...storage, offset: 256, bytes: 16 });
    elementwise(h, "shared", "", { a: read(a), b: write(b) }, b);
    expect(() => planMemory(h)).toThrow(/lie in one buffer, which the dispatch writes/);
  });

  test("names given twice, axes of nothing, storage too small or not aligned", () => {
    const g = graph();
    const x = g.input("x", [4]);
    expect(() => g.input("x", [4])).toThrow(/input "x": is declared twice/);
    g.output("y", x);
    expect(() => g.output("y", x)).toThrow(/output "y": is named twice/);
    expect(() => g.keep("x", x)).toThrow(/is input and can't be kept/);
    expect(() => g.temp("t", [4, 0])).toThrow(/t f32\[4,0\]: has an axis that is not a positive integer/);
    expect(() => g.external("e", [5], "f32", paperStorage("paper", 16))).toThrow(
      /needs 32 bytes and is given a buffer of 16/,
    );
    const skew = { ...paperStorage("paper", 64), offset: 16 };
    expect(() => g.external("e", [4], "f32", skew)).toThrow(/starts at byte 16 .* multiples of 256/);
    expect(() => g.import(g.temp("later", [4]))).toThrow(
      /has no storage of its own; keep it in the graph that computes it/,
    );
  });
});

test("an input keeps its place to the end, so that a run without it finds its last value", () => {
  const g = new Graph(paperTarget());
  const x = g.input("x", [64]);
  let y = times(g, x, 2);
  for (let i = 0; i < 4; i++) y = plus(g, y, y);
  g.output("y", y);
  const { placements } = planMemory(g);
  const home = placements.get(x.id)!;
  expect([home.from, home.to]).toEqual([-1, g.dispatches.length]);
});

test("an external tensor is counted once however often it is bound", () => {
  const g = new Graph(paperTarget());
  const storage = paperStorage("paper", 4096);
  const bound = [0, 1].map((i) => g.external(`w${i}`, [256], "f32", storage));
  g.output("y", plus(g, bound[0], bound[1]));
  expect(planMemory(g).external).toBe(1024);
});

test("the memory table names the largest tensors", () => {
  const g = new Graph(paperTarget());
  g.scope("up_0", () => g.output("y", times(g, g.input("x", [1, 512, 512, 3]), 2, "picture")));
  const table = describeMemory(planMemory(g), 1);
  expect(table).toContain("program 12.00 MiB = arenas 4.00 MiB + 4.00 MiB + kept 0.00 MiB + staging 4.00 MiB");
  expect(table).toContain("x f32[1,512,512,3]");
  expect(table).toContain("... and 1 smaller ones");
});
