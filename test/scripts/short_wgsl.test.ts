import { expect, test } from "vitest";
// @ts-expect-error: a script without types
import * as untyped from "../../scripts/build/short_wgsl.mjs";

const { shorten } = untyped as { shorten(path: string, wgsl: string): string };

test("leaves a word and a placeholder apart, and lines where they are", () => {
  const wgsl = ["// why", "fn f(v: vec4f) -> vec4f { return {{act}}; } // what", "#if SAME", "  let a = {{x}} ;", ""];
  expect(shorten("a.wgsl", wgsl.join("\n")).split("\n")).toEqual([
    "",
    "fn f(v:vec4f)->vec4f{return {{act}};}",
    "#if SAME",
    "let a= {{x}} ;",
    "",
  ]);
});
