import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..", "..");
const pages = [
  ...readdirSync(root).filter((name) => name.endsWith(".md")),
  ...readdirSync(join(root, "docs")).map((name) => join("docs", name)),
];

/** The anchors that GitHub makes of a page's headings. */
const anchorsOf = (text: string): string[] =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, "")
      .replace(/ /g, "-"),
  );

test.each(pages)("every link of %s within the repository leads somewhere", (page) => {
  const text = readFileSync(join(root, page), "utf8");
  for (const [link, path, anchor] of text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)) {
    const target = path ? join(root, dirname(page), path) : join(root, page);
    expect(existsSync(target), link).toBe(true);
    if (anchor) expect(anchorsOf(readFileSync(target, "utf8")), link).toContain(anchor);
  }
});
