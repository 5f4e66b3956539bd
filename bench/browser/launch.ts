// Starts Debian's Chromium without a window, on lavapipe or, the stock one, on SwiftShader.

import { chromium, type Browser } from "playwright-core";
// @ts-expect-error: a script without types
import * as untyped from "../../scripts/browser/chromium.mjs";
// @ts-expect-error: a script without types
import { lavapipe as lavapipeVersion } from "../../scripts/setup/lavapipe.mjs";

const harness = untyped as {
  STOCK: string;
  FLAGS: readonly string[];
  missing(): string[];
  chromiumVersion(): string;
  lavapipeChromium(): string;
};

/** What this machine lacks to run pages: names of packages, in words. */
export const missing = (): string[] => harness.missing();
export const chromiumVersion = (): string => harness.chromiumVersion();

/** "lavapipe 25.0.7"; SwiftShader is part of Chromium. */
export const adapterVersion = (adapter: Adapter): string =>
  adapter === "lavapipe" ? `lavapipe ${(lavapipeVersion as () => string)()}` : adapter;

export type Adapter = "lavapipe" | "swiftshader";

/**
 * Pages are drawn on the CPU, without shaders: in tests of the studio with tiny nets, frames took nearly half of the GPU process's time on
 * lavapipe. Not for benches, which time frames as users have them, nor for canvases with a webgpu context.
 */
export const DRAWN_BY_CPU = ["--disable-gpu-compositing", "--disable-gpu-rasterization"];

/**
 * @param env added to the environment of Chromium
 * @param flags added to its command line
 * @throws if Chromium does not start
 */
export function launch(
  adapter: Adapter = "lavapipe",
  env: Readonly<Record<string, string>> = {},
  flags: readonly string[] = [],
): Promise<Browser> {
  const asRoot = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return chromium.launch({
    executablePath: adapter === "lavapipe" ? harness.lavapipeChromium() : harness.STOCK,
    args: [...harness.FLAGS, ...asRoot, ...flags],
    // Shaders that are compiled quickly (vitest.config.ts) cost more than they save in nets of real size, and in frames that shaders draw.
    env: { ...process.env, GALLIVM_PERF: "", ...env },
  });
}
