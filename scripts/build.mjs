// Bundles dist/: everything in one file an entry, the only package left outside is what carries binaries or is loaded lazily.
import { build } from "esbuild";
import { rmSync } from "node:fs";

const outdir = "dist";
rmSync(outdir, { recursive: true, force: true });
const common = {
  bundle: true,
  format: "esm",
  target: "es2022",
  outdir,
  loader: { ".wgsl": "text" },
  logLevel: "warning",
  sourcemap: true,
};
const node = { ...common, platform: "node", external: ["webgpu", "sharp", "onnxruntime-node", "@tensorflow/*"], banner: { js: 'import { createRequire as __cr } from "node:module"; const require = __cr(import.meta.url);' } };
await build({ ...node, entryPoints: { conformance: "test/conformance/main.ts" } });
