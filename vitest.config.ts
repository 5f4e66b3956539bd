import { fileURLToPath } from "node:url";
import { readFileSync } from "node:fs";
import { defineConfig } from "vitest/config";

/** Plain computations on the host: no device, no process, no environment of their own, so that files share their modules. */
const HOST = ["datasets", "formats", "labels", "lint", "scripts", "studio"];
/** These leave nothing behind either, and share a device: its pipelines are made once. (crashes.test.ts replaces a module of Node's.) */
const SMALL = ["kernels", "models", "onnx", "runtime", "training/!(crashes).test.ts"];
/** Nets of real size in Node. */
const REAL = ["evaluation", "labeler", "segmenting", "cli/label.test.ts", "mpi/shared_work.test.ts"];
/**
 * For all other tests: lavapipe spends most of the time of tiny nets on compiling shaders. Without LLVM's optimisations that takes half as
 * long, and the numbers are the same. Nets of real size, and pages (launch.ts), would lose more by slow shaders than they gain.
 */
const QUICK = { GALLIVM_PERF: "nopt" };

const files = (places: readonly string[]): string[] =>
  places.map((place) => (place.endsWith(".ts") ? `test/${place}` : `test/${place}/**/*.test.ts`));

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
    projects: [
      { extends: true, test: { name: "host", include: files(HOST), isolate: false } },
      { extends: true, test: { name: "real nets", include: files(REAL) } },
      { extends: true, test: { name: "small", include: files(SMALL), env: QUICK, isolate: false } },
      {
        extends: true,
        test: {
          ...{ name: "rest", include: ["test/**/*.test.ts"], exclude: files([...HOST, ...SMALL, ...REAL]) },
          env: QUICK,
        },
      },
    ],
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
