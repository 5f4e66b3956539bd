// docs/errors.md says of every code when it occurs and what to do, with messages that the sources still have.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "..", "..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");

/** The literals of the union SpadeErrorCode. */
function codesOfTheType(): string[] {
  const file = ts.createSourceFile("errors.ts", read("src/runtime/errors.ts"), ts.ScriptTarget.ES2022, true);
  const alias = file.statements.filter(ts.isTypeAliasDeclaration).find((s) => s.name.text === "SpadeErrorCode");
  if (!alias || !ts.isUnionTypeNode(alias.type)) throw new Error("SpadeErrorCode is no union");
  return alias.type.types.map((t) => ((t as ts.LiteralTypeNode).literal as ts.StringLiteral).text);
}

const sections = read("docs/errors.md")
  .split(/^#{2,3} /m)
  .filter((section) => section.startsWith("`"))
  .map((section) => ({ code: section.slice(1, section.indexOf("`", 1)), section }));

test("every code has a section, and every section's code exists", () => {
  expect(sections.map((s) => s.code).sort()).toEqual(codesOfTheType().sort());
});

const sources = ["src", "kernels"]
  .flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((p) => `${folder}/${p}`),
  )
  .filter((path) => path.endsWith(".ts"))
  .map((path) => read(path))
  .join("\n");

describe.each(sections)("$code", ({ section, code }) => {
  test("says when, what to show and what to do", () => {
    for (const item of ["When", "Example", "Show", "Do"]) expect(section).toContain(`- **${item}:** `);
  });

  // The compiler's own words are no part of our sources.
  test.skipIf(code === "shader")("its example is a message of the sources", () => {
    const [, where, problem, fix] = /\*\*Example:\*\* `+ ?(.*?): (.*?); (.*?) ?`+$/m.exec(section) ?? [];
    expect(where).toBeTruthy();
    const words = `${problem} ${fix}`.split(" ");
    const runs = words.slice(2).map((_, i) => words.slice(i, i + 3).join(" "));
    expect(runs.filter((run) => sources.includes(run)).length, `${problem}; ${fix}`).toBeGreaterThan(1);
  });
});
