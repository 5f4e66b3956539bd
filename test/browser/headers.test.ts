// Pages with strict headers, and a session in a worker.

import { beforeAll, expect, test } from "vitest";
import { pictureInNode, tiny } from "./files.ts";
import { describePage } from "./harness.ts";

const PLAIN = '<!doctype html><meta charset="utf-8" /><script type="module" src="/pages/page.mjs"></script>';

describePage("a page", (lab) => {
  let expected: string;
  beforeAll(async () => {
    const bytes = await tiny();
    expected = await pictureInNode(bytes);
    lab.server.put("/net.safetensors", bytes);
  });

  test.each([
    ["a strict content security policy", { "content-security-policy": "default-src 'self'" }],
    [
      "cross-origin isolation",
      { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" },
    ],
  ])("with %s paints, and breaks no rule of it", async (name, headers) => {
    const path = lab.server.put(`/${name.replace(/ /g, "-")}.html`, PLAIN, { headers });
    const before = "addEventListener('securitypolicyviolation', (e) => (window.violation = e.violatedDirective))";
    const page = await lab.page(undefined, { path, before });
    const seen = await page.evaluate(async () => {
      const { spade, error } = await window.lib.load({ weights: "/net.safetensors" });
      return {
        error,
        picture: spade && (await window.lib.paint(spade, window.lib.stripes(64, 64, 4))),
        violation: (window as { violation?: string }).violation,
        isolated: crossOriginIsolated,
      };
    });
    const isolated = "cross-origin-opener-policy" in headers;
    expect(seen).toEqual({ error: undefined, picture: expected, violation: undefined, isolated });
  });

  test("paints in a module worker of its own, the same bytes", async () => {
    const page = await lab.page(undefined, { path: "/pages/worker.html" });
    const answer = await page.evaluate(() =>
      (window.lib as unknown as { ask(weights: string): Promise<string> }).ask("/net.safetensors"),
    );
    expect(answer).toBe(expected);
  });
});
