import { expect, it } from "vitest";
// @ts-expect-error: a script without types
import * as untyped from "../../scripts/structure.mjs";

const { circles, toleranceLiterals } = untyped as {
  circles(files: ReadonlyMap<string, string>): string[][];
  toleranceLiterals(text: string): string[];
};

it("finds a circle of imports, types included", () => {
  const files = new Map([
    ["src/a.ts", 'import { b } from "./b.ts";\nexport const a = b;'],
    ["src/b.ts", 'export { c as b } from "./sub/c.ts";'],
    ["src/sub/c.ts", 'import type { a } from "../a.ts";\nexport const c = 1 as typeof a;'],
    ["src/d.ts", 'import { a } from "./a.ts";\nexport const d = a;'],
  ]);
  expect(circles(files)).toEqual([["src/a.ts", "src/b.ts", "src/sub/c.ts"]]);
});

it("lets a tree be", () => {
  const files = new Map([
    ["src/a.ts", 'import { b } from "./b.ts";\nimport { c } from "./c.ts";\nexport const a = b + c;'],
    ["src/b.ts", 'import { c } from "./c.ts";\nexport const b = c;'],
    ["src/c.ts", "export const c = 1;"],
  ]);
  expect(circles(files)).toEqual([]);
});

it("finds tolerances in expectations, and no other numbers", () => {
  const than = (name: string, rest: string): string => `expect(a).toBeLessThan${name}(${rest});`;
  const text = than("", "1e-6") + than("OrEqual", "\n  2.5e-7 * c") + than("", "3") + "f({ eps: 1e-5 })";
  expect(toleranceLiterals(text)).toEqual(["1e-6", "2.5e-7"]);
});
