import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, test } from "vitest";
import { defineOp, Graph, notDifferentiable, paperTarget, type Tensor } from "../../src/runtime/index.ts";
import { times } from "./tiny.ts";

test("an op without a place for its backward does not compile", () => {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const { config } = ts.readConfigFile(`${root}/tsconfig.json`, (path) => ts.sys.readFile(path)) as { config: object };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const file = `${root}/test/runtime/op_types.ts`;
  const program = ts.createProgram([file, `${root}/shaders/wgsl.d.ts`], options);
  const source = program.getSourceFile(file)!;
  const told = program.getSemanticDiagnostics(source).map((d) => ts.flattenDiagnosticMessageText(d.messageText, " "));
  expect(told).toEqual([]);
  expect(source.text.match(/@ts-expect-error --/g)).toHaveLength(5);
});

test("an op records itself once, the outermost of nested ones, with arguments and result", () => {
  const twice = defineOp<{ x: Tensor }, Tensor>({
    name: "twice",
    forward: (g, { x }) => times(g, x, 2),
    backward: notDifferentiable,
  });
  const fourfold = defineOp<{ x: Tensor }, Tensor>({
    name: "fourfold",
    forward: (g, { x }) => twice(g, { x: twice(g, { x }) }),
    backward: notDifferentiable,
  });
  expect([fourfold.name, fourfold.backward]).toEqual(["fourfold", notDifferentiable]);
  const g = new Graph(paperTarget());
  const x = g.input("x", [4]);
  const y = g.scope("a", () => fourfold(g, { x }));
  const z = twice(g, { x: y });
  expect(g.records.map((r) => [r.op.name, r.args, r.result])).toEqual([
    ["fourfold", { x }, y],
    ["twice", { x: y }, z],
  ]);
  expect(g.dispatches.map((d) => d.label)).toEqual(["a/times", "a/times", "times"]);
});

test("what is made again makes again what it reads, once", () => {
  const twice = defineOp<{ x: Tensor }, Tensor>({
    name: "twice",
    forward: (g, { x }) => times(g, x, 2),
    recompute: true,
    backward: notDifferentiable,
  });
  const g = new Graph(paperTarget());
  const x = g.input("x", [4]);
  const inner = twice(g, { x });
  const outer = twice(g, { x: inner });
  const again = g.again(outer);
  expect(g.again(outer)).toBe(again);
  expect(again).not.toBe(outer);
  expect(g.dispatches.length).toBe(4);
  const [first, second] = g.dispatches.slice(2).map((d) => d.bindings);
  expect([first.x.tensor, second.x.tensor, second.y.tensor]).toEqual([x, g.again(inner), again]);
  expect(g.again(x)).toBe(x);
  expect(g.records.length).toBe(2);
});
