import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
// @ts-expect-error: a script without types
import * as untyped from "../../scripts/api_page.mjs";

const { apiPage } = untyped as { apiPage(): Promise<string> };

test("docs/api.md is what npm run docs:api writes", async () => {
  const page = readFileSync(new URL("../../docs/api.md", import.meta.url), "utf8");
  expect(page).toBe(await apiPage());
});
