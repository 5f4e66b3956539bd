import { fileURLToPath } from "node:url";
import { readFileSync } from "node:fs";
import { defineConfig } from "vitest/config";

// `pool: "forks"`: Dawn crashes in worker threads. A .wgsl or .html file is imported as its text, as in the bundles.
export default defineConfig({
  plugins: [
    {
      name: "text",
      enforce: "pre",
      load(id) {
        if (/\.(wgsl|html)$/.test(id)) return `export default ${JSON.stringify(readFileSync(id, "utf8"))};`;
      },
    },
  ],
  test: {
    pool: "forks",
    maxWorkers: 2,
    include: ["test/**/*.test.ts"],
    // Else a stylesheet imported as text would be empty.
    css: true,
    globalSetup: "test/support/global_setup.ts",
    // Sizes in uniforms: few pipelines, which software adapters compile slowly. The other form is tested where it matters.
    // Commands under test leave their user's cache folder alone.
    env: { SPADE_SIZES: "uniform", XDG_CACHE_HOME: fileURLToPath(new URL(".setup/cache", import.meta.url)) },
    // A busy machine takes its time.
    expect: { poll: { timeout: 15_000 } },
    testTimeout: 180_000,
    hookTimeout: 180_000,
    teardownTimeout: 10_000,
  },
});
