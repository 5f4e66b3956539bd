// Nets and adapters of several kinds: storage types, limits, sizes, two nets at once.

import { expect, test } from "vitest";
import { createSpade, type SpadeOptions } from "../../src/node.ts";
import { sha256 } from "../../src/formats/manifest.ts";
import { plain, stripes, vae, weights } from "../api/tiny.ts";
import { tiny } from "./files.ts";
import { describePage } from "./harness.ts";

/** The page takes its software adapter for a graphics card. */
const HARDWARE = `
for (const [name, value] of Object.entries({ vendor: "nobody", architecture: "none", device: "", description: "" }))
  Object.defineProperty(GPUAdapterInfo.prototype, name, { get: () => value });
Object.defineProperty(GPUAdapterInfo.prototype, "isFallbackAdapter", { get: () => false });`;
/** Its adapter lacks shader-f16. */
const WITHOUT_F16 = `
const { has } = GPUSupportedFeatures.prototype;
GPUSupportedFeatures.prototype.has = function (f) { return f !== "shader-f16" && has.call(this, f); };`;

async function inNode(options: SpadeOptions, labels = 4): Promise<string> {
  const spade = await createSpade(options);
  spade.addEventListener("notice", () => undefined);
  const { width, height } = spade.info;
  const hash = await sha256(new Uint8Array((await spade.generate(stripes(width, height, labels))).data));
  spade.dispose();
  return hash;
}

describePage("nets and adapters", (lab) => {
  test.each([
    ["a graphics card", HARDWARE, "f16", "f16"],
    ["a graphics card without shader-f16", HARDWARE + WITHOUT_F16, "f32", "unsupported"],
    ["a software adapter", "", "f32", "f16"],
  ])('dtype "auto" and "f16" on %s', async (_, before, auto, forced) => {
    // A trained net: in the seeded ones small errors grow, because most of their tanhs are saturated.
    const page = await lab.page(undefined, { before });
    const outcome = await page.evaluate(async () => {
      const { lib } = window;
      const weights = "/weights/street_net_G.safetensors";
      const open = async (dtype: "auto" | "f16" | "f32") => lib.load({ weights, dtype });
      const wide = (await open("f32")).spade!;
      const map = lib.stripes(wide.info.width, wide.info.height, 12);
      const a = (await wide.generate(map)).data;
      wide.dispose();
      const chosen = (await open("auto")).spade!;
      const b = (await chosen.generate(map)).data;
      chosen.dispose();
      const half = await open("f16");
      half.spade?.dispose();
      const apart = a.reduce((sum, v, i) => sum + Math.abs(v - b[i]), 0) / a.length;
      return { auto: chosen.info.dtype, forced: half.spade?.info.dtype ?? half.error!.code, apart };
    });
    expect(outcome).toMatchObject({ auto, forced });
    // f16 keeps 11 bits of each activation; f32 differs by the order of sums.
    expect(outcome.apart).toBeLessThan(auto === "f16" ? 0.1 : 0.01);
  });

  test("a picture too large for the graphics card: its own reason, with what is wanted and allowed", async () => {
    lab.server.put("/net.safetensors", await tiny());
    const page = await lab.page();
    const error = await page.evaluate(
      async () => (await window.lib.load({ weights: "/net.safetensors", size: [8192, 8192] })).error,
    );
    expect(error).toMatchObject({ code: "limits" });
    expect(error!.message).toMatch(
      /: is too large for this graphics card: \d+ where its maxStorageBufferBindingSize is \d+; use a smaller picture/,
    );
  });

  test("a picture wider than 2,048 pixels in f16 is Node's", async () => {
    const bytes = await tiny();
    lab.server.put("/net.safetensors", bytes);
    const size: [number, number] = [2112, 64];
    const expected = await inNode({ weights: bytes, dtype: "f16", size });
    const page = await lab.page();
    const picture = await page.evaluate(async (size) => {
      const { spade, error } = await window.lib.load({ weights: "/net.safetensors", dtype: "f16", size });
      return error?.message ?? window.lib.paint(spade!, window.lib.stripes(...size, 4));
    }, size);
    expect(picture).toBe(expected);
  });

  test("two nets at once, one with styles and one without, paint what each paints alone in Node", async () => {
    const files = {
      "/first.safetensors": await weights({ ...plain, ngf: 4 }),
      "/second.safetensors": await weights(vae),
    };
    const expected: string[] = [];
    for (const [path, bytes] of Object.entries(files)) {
      lab.server.put(path, bytes);
      expected.push(await inNode({ weights: bytes, dtype: "f32" }));
    }
    const page = await lab.page();
    const pictures = await page.evaluate(async (paths) => {
      const { lib } = window;
      const loaded = await Promise.all(paths.map((weights) => lib.load({ weights })));
      return Promise.all(loaded.map(({ spade }) => lib.paint(spade!, lib.stripes(64, 64, 4))));
    }, Object.keys(files));
    expect(pictures).toEqual(expected);
    expect(new Set(pictures).size).toBe(2);
  });
});
