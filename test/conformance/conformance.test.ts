// The reference cases that fit into the repository. `npm run conformance -- DIR` runs any others.

import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { testDevice } from "../support/device.ts";
import { runCase } from "./cases.ts";

const folder = fileURLToPath(new URL("../fixtures/goldens/", import.meta.url));
const files = readdirSync(folder).filter((f) => f.endsWith(".safetensors"));

/** out.eval of this case is not determined by its own inputs to the tolerance (see compare.ts); the rest is. */
const ILL_POSED = ["generator_vae_more_wide.safetensors out.eval"];

test.each(files)(
  "%s equals PyTorch",
  async (file) => {
    const { verdicts } = await runCase(folder + file, await testDevice());
    const compared = verdicts.filter((v) => v.verdict !== "not run");
    expect(compared.length).toBeGreaterThan(1);
    const bad = compared.filter(
      (v) => v.verdict !== "pass" && !(v.verdict === "ill-posed" && ILL_POSED.includes(`${file} ${v.name}`)),
    );
    expect(bad).toEqual([]);
  },
  300_000,
);
