// The house's arrows (ARCHITECTURE.md) and the usual checks, type-aware for our own code.

import { builtinModules } from "node:module";
import boundaries from "eslint-plugin-boundaries";
import tseslint from "typescript-eslint";

const room = (type, pattern) => ({ type, pattern, partialMatch: false });

// The first that matches counts.
const ROOMS = [
  room("shaders", "shaders"),
  room("kernels", "kernels"),
  room("runtime", "src/runtime"),
  room("labels", "src/labels"),
  room("pictures", "src/pictures"),
  room("formats", "src/formats"),
  room("models", "src/models"),
  room("painting", "src/painting"),
  room("segmenting", "src/segmenting"),
  room("session", "src/session"),
  room("labeler", "src/labeler"),
  room("export", "src/export"),
  room("training", "src/training"),
  room("trainer", "src/trainer"),
  room("datasets", "src/datasets"),
  room("evaluation", "src/evaluation"),
  room("cli", "src/cli"),
  room("web", "src/web"),
  room("studio", "src/studio"),
  room("node", "src/node"),
  room("entry", "src"),
  room("bench", "bench"),
  room("test", "test"),
];

// Who may import whom. What is not written here is forbidden; a room may always import itself.
const LABELS = ["labels", "pictures", "formats", "runtime"];
const ENGINE = [
  ...LABELS,
  "shaders",
  "kernels",
  "models",
  "painting",
  "segmenting",
  "datasets",
  "evaluation",
  "training",
  "export",
];
const ARROWS = {
  shaders: [],
  runtime: [],
  kernels: ["runtime", "shaders"],
  labels: ["runtime"],
  pictures: ["labels", "runtime"],
  formats: ["pictures", "labels", "runtime"],
  models: ["kernels", ...LABELS],
  painting: ["models", "kernels", ...LABELS],
  segmenting: ["models", "kernels", ...LABELS],
  session: ["painting", "models", ...LABELS],
  // The public Labeler.
  labeler: ["segmenting", "session", ...LABELS],
  export: ["models", ...LABELS],
  datasets: ["models", ...LABELS],
  evaluation: ["datasets", "segmenting", "models", "kernels", ...LABELS],
  // Validation paints, and measures a Frechet distance.
  training: ["evaluation", "datasets", "painting", "models", "kernels", ...LABELS],
  // The public Trainer.
  trainer: ["training", "session", "datasets", "painting", "models", ...LABELS],
  node: ["runtime", "formats"],
  // index.ts and node.ts, train.ts and train_node.ts ...
  entry: ["session", "labeler", "trainer", "web", "painting", "models", ...LABELS],
  web: ["session", "labeler", "entry", ...ENGINE],
  // Over the public package alone.
  studio: ["entry"],
  cli: ["session", "entry", "node", ...ENGINE],
  bench: ["session", "entry", "node", "studio", ...ENGINE],
  test: ["session", "labeler", "trainer", "entry", "node", "cli", "web", "studio", "bench", ...ENGINE],
};

const arrows = Object.entries(ARROWS).map(([from, to]) => ({
  from: { element: { type: from } },
  allow: { to: { element: { types: { anyOf: [from, ...to] } } } },
}));

/** Files of a page: nothing of Node. */
const PAGE = [
  "kernels/**/*.ts",
  "src/runtime/**/*.ts",
  "src/labels/**/*.ts",
  "src/models/**/*.ts",
  "src/segmenting/**/*.ts",
  "src/formats/**/*.ts",
  "src/web/**/*.ts",
  "src/studio/**/*.{ts,tsx}",
  "src/session/api.ts",
  "src/index.ts",
  "src/session/spade.ts",
  "src/labeler.ts",
  "src/labeler/**/*.ts",
  "src/train.ts",
  "src/trainer/**/*.ts",
  // But for what trains in a folder.
  "src/training/*.ts",
  "src/training/step/**/*.ts",
];

export default tseslint.config(
  { ignores: ["dist/**", "node_modules/**", ".setup/**", "test/lint/snippets/**"] },
  {
    files: ["src/**/*.{ts,tsx}", "kernels/**/*.ts", "bench/**/*.ts", "test/**/*.ts", "*.config.ts"],
    extends: [tseslint.configs.recommended],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/await-thenable": "error",
      "@typescript-eslint/only-throw-error": "error",
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      // Shapes and offsets are checked where they come in; behind that, ! says so.
      "@typescript-eslint/no-non-null-assertion": "off",
      eqeqeq: "error",
      "no-eval": "error",
      "no-implied-eval": "error",
      "prefer-const": ["error", { destructuring: "all" }],
    },
  },
  {
    files: ["src/**/*.{ts,tsx}", "kernels/**/*.ts", "bench/**/*.ts", "test/**/*.ts"],
    plugins: { boundaries },
    settings: {
      "boundaries/elements": ROOMS,
      "boundaries/files": [{ category: "node entry", pattern: "src/{node,node_host,train_node,labeler_node}.ts" }],
      "boundaries/root-path": import.meta.dirname,
      "import/resolver": { node: { extensions: [".ts", ".tsx", ".js", ".mjs"] } },
    },
    rules: {
      "boundaries/dependencies": [
        "error",
        {
          default: "disallow",
          message: "{{from.element.types}} may not import {{to.element.types}}: the arrows are in eslint.config.js",
          policies: [
            ...arrows,
            // Node's entries stand beside those of pages, over the node room.
            { from: { file: { categories: "node entry" } }, allow: { to: { element: { type: "node" } } } },
            { allow: { to: { module: { origin: ["external", "core"] } } } },
          ],
        },
      ],
    },
  },
  {
    files: PAGE,
    ignores: ["src/formats/file.ts", "src/formats/packaged.ts"],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          paths: builtinModules.map((name) => ({
            name,
            message: "This code runs in pages too: nothing of Node here.",
          })),
          // And not Node's entries either, which stand in one folder with index.ts.
          patterns: [
            {
              regex: "^node:|(^|/)(node|node_host|train_node|labeler_node)(\\.ts$|/)",
              message: "This code runs in pages too: nothing of Node here.",
            },
          ],
        },
      ],
      // The same for import(), which the rule above does not see.
      "no-restricted-syntax": [
        "error",
        {
          selector:
            "ImportExpression[source.value=/^node:|(^|\\x2f)(node|node_host|train_node|labeler_node)(\\.ts$|\\x2f)/]",
          message: "This code runs in pages too: nothing of Node here.",
        },
      ],
      "no-restricted-globals": ["error", "process", "Buffer", "require", "__dirname", "__filename"],
      "no-console": ["error", { allow: ["warn"] }],
    },
  },
  {
    files: ["scripts/**/*.mjs", "bench/**/*.mjs", "test/**/*.mjs", "eslint.config.js"],
    extends: [tseslint.configs.base],
    languageOptions: { sourceType: "module" },
    rules: {
      "no-undef": "off",
      eqeqeq: "error",
      "prefer-const": "error",
      "@typescript-eslint/no-unused-vars": "error",
    },
  },
);
