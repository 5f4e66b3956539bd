// The lint rules bite: what may not be imported is an error, and what may is none.

import { ESLint } from "eslint";
import { expect, test } from "vitest";

const cwd = new URL("../..", import.meta.url).pathname;
const eslint = new ESLint({ cwd });
/** Without the rules that need types, for which the whole program is read: of a text that is no file's, each time. */
const untyped = new ESLint({
  cwd,
  ruleFilter: ({ ruleId }) => !ruleId.startsWith("@typescript-eslint/"),
  overrideConfig: { languageOptions: { parserOptions: { projectService: false } } },
});

/** Rules that a text breaks as the content of an existing file. */
async function broken(file: string, text: string): Promise<string[]> {
  const [{ messages }] = await untyped.lintText(text, { filePath: new URL(`../../${file}`, import.meta.url).pathname });
  return messages.map((m) => m.ruleId ?? m.message);
}

const FORBIDDEN: [why: string, file: string, from: string][] = [
  ["runtime imports nothing of ours", "src/runtime/errors.ts", "../labels/levels.ts"],
  ["runtime knows no op", "src/runtime/errors.ts", "../../kernels/conv/conv2d.ts"],
  ["kernels know no model", "kernels/shape/add.ts", "../../src/models/config.ts"],
  ["kernels know no label code", "kernels/shape/add.ts", "../../src/labels/levels.ts"],
  ["labels do not know models", "src/labels/edges.ts", "../models/config.ts"],
  ["formats do not know models", "src/formats/safetensors.ts", "../models/config.ts"],
  ["models do not know commands", "src/models/config.ts", "../cli/commands/info.ts"],
  ["evaluation does not know commands", "src/evaluation/frechet.ts", "../cli/commands/info.ts"],
  ["evaluation does not know training", "src/evaluation/frechet.ts", "../training/step/losses.ts"],
  ["index.ts does not reach Dawn", "src/index.ts", "./node/dawn.ts"],
  ["spade.ts does not reach Dawn", "src/session/spade.ts", "../node/dawn.ts"],
  ["models do not reach Dawn", "src/models/config.ts", "../node/dawn.ts"],
  ["labels do not know pictures", "src/labels/edges.ts", "../pictures/colors.ts"],
  ["models do not know painting", "src/models/config.ts", "../painting/windows.ts"],
  ["painting does not know sessions", "src/painting/windows.ts", "../session/api.ts"],
  ["training does not know the trainer of pages", "src/training/loop.ts", "../trainer/api.ts"],
  ["sessions do not know the trainer", "src/session/api.ts", "../trainer/api.ts"],
  ["sessions do not know the labeler", "src/session/session.ts", "../labeler/api.ts"],
  ["the labeler does not know what paints", "src/labeler/opened.ts", "../painting/open_net.ts"],
  ["labeler.ts does not reach Dawn", "src/labeler.ts", "./node/dawn.ts"],
  ["train.ts does not reach Dawn", "src/train.ts", "./node/dawn.ts"],
  ["sources do not import tests", "src/models/config.ts", "../../test/tolerances.ts"],
];

test.each(FORBIDDEN)("%s", async (_why, file, from) => {
  expect(await broken(file, `export * from "${from}";\n`)).toContain("boundaries/dependencies");
  expect(await broken(file, `export const later = () => import("${from}");\n`)).toContain("boundaries/dependencies");
});

const ALLOWED: [file: string, from: string][] = [
  ["kernels/shape/add.ts", "../../src/runtime/index.ts"],
  ["src/models/config.ts", "../labels/levels.ts"],
  ["src/pictures/colors.ts", "../labels/label_map.ts"],
  ["src/painting/spade_painter.ts", "../models/config.ts"],
  ["src/training/step/losses.ts", "../../evaluation/frechet.ts"],
  ["src/index.ts", "./session/spade.ts"],
  ["src/node.ts", "./node/dawn.ts"],
  ["src/train_node.ts", "./node/dawn.ts"],
  ["src/labeler_node.ts", "./node/dawn.ts"],
  ["src/labeler/opened.ts", "../segmenting/class_labels.ts"],
  ["src/trainer/create.ts", "../training/loop.ts"],
  ["src/cli/commands/info.ts", "../../node/dawn.ts"],
  ["src/export/onnx/generator.ts", "../../models/config.ts"],
];

test.each(ALLOWED)("%s may import %s", async (file, from) => {
  expect(await broken(file, `export * from "${from}";\n`)).toEqual([]);
});

test("nothing of Node in what a page runs", async () => {
  for (const file of [
    "src/runtime/errors.ts",
    "kernels/shape/add.ts",
    "src/labels/edges.ts",
    "src/models/config.ts",
    "src/formats/safetensors.ts",
    "src/training/state.ts",
    "src/trainer/trainer.ts",
    "src/index.ts",
    "src/labeler.ts",
    "src/labeler/labeler.ts",
  ]) {
    expect(await broken(file, 'export * from "node:fs";\n')).toContain("no-restricted-imports");
    expect(await broken(file, 'export * from "fs/promises";\n')).toContain("no-restricted-imports");
    expect(await broken(file, 'export * from "../node.ts";\n')).toContain("no-restricted-imports");
    expect(await broken(file, "export const home = process.env.HOME;\n")).toContain("no-restricted-globals");
  }
  for (const file of ["src/formats/file.ts", "src/node/dawn.ts", "src/cli/commands/info.ts"]) {
    expect(await broken(file, 'export { open } from "node:fs/promises";\n')).toEqual([]);
  }
});

test("index.ts does not reach node.ts, statically or later", async () => {
  expect(await broken("src/index.ts", 'export * from "./node.ts";\n')).toContain("no-restricted-imports");
  expect(await broken("src/index.ts", 'export const later = () => import("./node.ts");\n')).toContain(
    "no-restricted-syntax",
  );
});

test("promises are awaited: the rules that need types are on, where the types are read", async () => {
  const { rules, languageOptions } = (await eslint.calculateConfigForFile(`${cwd}/src/cli/commands/info.ts`)) as {
    rules: Record<string, [severity: number]>;
    languageOptions: { parserOptions: { projectService: boolean } };
  };
  for (const rule of ["no-floating-promises", "no-misused-promises", "await-thenable"])
    expect(rules[`@typescript-eslint/${rule}`][0]).toBe(2);
  expect(languageOptions.parserOptions.projectService).toBe(true);
});
