import { describe, expect, test } from "vitest";
import { Graph, Program, read, write, type Template } from "../../src/runtime/index.ts";
import { expand, type BindingDecl, type Wgsl } from "../../src/runtime/wgsl.ts";
import { testDevice } from "../support/device.ts";

const template = (...lines: string[]): Template => ({ name: "t", text: lines.join("\n") });
const x: BindingDecl = { name: "x", dtype: "f32", access: "read", scalar: false };
const bare = (t: Template, constants = {}, sizes: string[] = []): Wgsl => expand(t, constants, [], sizes, []);

/** The finished text without what is put in front. */
const body = (w: Wgsl): string[] => w.code.split("\n").slice(w.lines.lastIndexOf(0) + 1);

describe("placeholders", () => {
  test("text constants, also several in a line, and sizes inside of them", () => {
    const t = template("let a = {{A}}u * {{B}}; {{C}}");
    const w = bare(t, { A: 4, B: "f($N)", C: true }, ["N"]);
    expect(body(w)).toEqual(["let a = 4u * f(N); true"]);
  });

  test.for([
    ["a text constant that is not given", "a", "{{missing}}", /t\.wgsl:2: \{\{missing\}\} has no value/],
    ["a size that is not given", "a", "x[$MISSING]", /t\.wgsl:2: \$MISSING has no value/],
    ["a size in small letters", "a", "x[$small]", /t\.wgsl:2: \$small is not a placeholder/],
    ["a text constant with blanks", "a", "{{ spaced }}", /t\.wgsl:2: \{\{ spaced \}\} is not a placeholder/],
    ["a name of every object", "a", "{{constructor}}", /t\.wgsl:2: \{\{constructor\}\} has no value/],
    ["a condition that is not given", "a", "#if missing", /t\.wgsl:2: asks for the constant "missing"/],
    ["#else without #if", "a", "#else", /t\.wgsl:2: #else without #if/],
    ["#endif without #if", "a", "#endif", /t\.wgsl:2: #endif without #if/],
  ] as const)("%s throws", ([, first, second, message]) => {
    expect(() => bare(template(first, second))).toThrow(message);
    expect(() => bare(template(first, second))).toThrow(expect.objectContaining({ code: "shader" }));
  });

  test("an #if that is never closed throws", () => {
    expect(() => bare(template("#if a"), { a: 1 })).toThrow(/an #if is never closed; add #endif/);
  });
});

describe("branches", () => {
  const t = template("#if a", "A", "#if !b", "not B", "#else", "B", "#endif", "#else", "not A", "#endif", "end");

  test.for([
    [true, true, ["A", "B"]],
    [true, false, ["A", "not B"]],
    [false, true, ["not A"]],
    [false, false, ["not A"]],
  ] as const)("a %s, b %s", ([a, b, kept]) => {
    const lines = body(bare(t, { a, b }));
    expect(lines.filter((l) => l)).toEqual([...kept, "end"]);
    expect(lines).toHaveLength(11);
  });

  test("what is not taken may hold placeholders without a value", () => {
    expect(body(bare(template("#if a", "{{nothing}} $NOTHING", "#endif"), { a: 0 })).join("")).toBe("");
  });
});

describe("what is put in front", () => {
  const half: BindingDecl = { name: "y", dtype: "f16", access: "read_write", scalar: true };

  test("bindings and sizes as pipeline constants", () => {
    expect(expand(template("$N"), {}, [x, half], ["N", "M"], []).code.split("\n")).toEqual([
      "enable f16;",
      "alias x_t = vec4<f32>;",
      "@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;",
      "alias y_t = f16;",
      "@group(0) @binding(1) var<storage, read_write> y: array<f16>;",
      "override N: u32;",
      "override M: u32;",
      "N",
    ]);
  });

  test("sizes in a uniform behind the bindings", () => {
    expect(expand(template("$N"), {}, [x], ["N", "M"], ["N", "M"]).code.split("\n").slice(2)).toEqual([
      "struct Sizes { N: u32, M: u32 }",
      "@group(0) @binding(1) var<uniform> sizes: Sizes;",
      "sizes.N",
    ]);
    expect(expand(template("1"), {}, [x], [], []).code).not.toContain("Sizes");
  });

  test("directives of the text go to the top, each once; lines stay where they were", () => {
    const t = template(
      "",
      "",
      "enable f16;",
      "#if s",
      "  enable subgroups;",
      "#endif",
      "requires a,",
      "  b;",
      "fn f() {}",
    );
    const w = expand(t, { s: 1 }, [half], [], []);
    expect(w.code.split("\n").slice(0, 3)).toEqual(["enable f16;", "enable subgroups;", "requires a, b;"]);
    expect(w.code.match(/enable f16;/g)).toHaveLength(1);
    expect(w.lines[w.code.split("\n").indexOf("fn f() {}")]).toBe(9);
  });
});

test("every line knows the template's line that it comes from, behind text constants of several lines too", () => {
  const w = expand(template("one", "{{many}}", "three"), { many: "a\nb\nc" }, [x], ["N"], []);
  const lines = w.code.split("\n");
  expect(w.lines).toHaveLength(lines.length);
  expect(["one", "a", "b", "c", "three"].map((l) => w.lines[lines.indexOf(l)])).toEqual([1, 2, 2, 2, 3]);
  expect(w.lines[lines.indexOf("override N: u32;")]).toBe(0);
});

describe("Dawn's refusal of a shader", () => {
  const compile = async (
    shader: Template,
    constants = {},
    sizesAs: "override" | "uniform" = "override",
  ): Promise<string> => {
    const device = await testDevice();
    const g = new Graph({ ...device.target, sizesAs });
    const y = g.temp("y", [4]);
    const bindings = { x: read(g.input("x", [4])), y: write(y) };
    g.dispatch({ shader, constants, sizes: { N: 4 }, bindings, groups: [1], flops: 0 });
    g.output("y", y);
    const before = device.allocated;
    const error = await Program.compile(g, device).then(
      () => new Error("compiled"),
      (e: Error) => e,
    );
    expect(error).toMatchObject({ name: "SpadeError", code: "shader" });
    expect(device.allocated).toBe(before);
    return error.message;
  };
  const MAIN = "@compute @workgroup_size(1) fn main() {";

  test.for(["override", "uniform"] as const)(
    "names file and line, and points at the column (sizes as %s)",
    async (as) => {
      const shader = template(
        "// A comment.",
        "{{helpers}}",
        "#if on",
        MAIN,
        "  y[0] = x[$N] + nothing;",
        "}",
        "#endif",
      );
      const message = await compile(shader, { helpers: "fn a() {}\nfn b() {}\n", on: 1 }, as);
      const [head, line, caret] = message.split("\n");
      expect(head).toMatch(/^t\.wgsl:5: .*unresolved value 'nothing'/);
      expect(line.trim()).toMatch(/^y\[0\] = x\[(N|sizes\.N)\] \+ nothing;$/);
      expect(caret.indexOf("^")).toBe(line.indexOf("nothing"));
      expect(message).toMatch(/fix the line shown$/);
    },
  );

  test("keeps the caret under the column of a very long line", async () => {
    const long = `y[0] = x[0]${" + x[0]".repeat(60)} + nothing${" + x[0]".repeat(60)};`;
    const [head, line, caret] = (await compile(template(MAIN, long, "}"))).split("\n");
    expect(head).toMatch(/^t\.wgsl:2: /);
    expect(line.length).toBeLessThan(130);
    expect(line.slice(caret.indexOf("^"))).toMatch(/^nothing/);
  });

  test("points at a directive where the template has it", async () => {
    const message = await compile(template("enable f16;", "enable nonsense;", MAIN, "}"));
    expect(message).toMatch(/^t\.wgsl:2: .*extension\n  enable nonsense;\n {9}\^/);
  });

  test("is told again at the next try: failures are not kept as pipelines", async () => {
    const bad = template(MAIN, "  y[0] = 1;", "}");
    expect(await compile(bad)).toBe(await compile(bad));
  });

  test("where the text is right and the pipeline is not, gives the reason", async () => {
    const message = await compile(template("@compute @workgroup_size({{n}}) fn main() {", "  y[0] = x[0];", "}"), {
      n: 100000,
    });
    expect(message).toMatch(/^t\.wgsl: .*workgroup/i);
  });
});
