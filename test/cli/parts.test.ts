// Parts of the commands that need no process of their own.

import { Command } from "commander";
import { expect, test } from "vitest";
import { publishedNames } from "../../src/cli/options/argv.ts";
import { addConfigOptions, configOverrides } from "../../src/cli/options/config_options.ts";
import { mapSize } from "../../src/cli/inputs/maps.ts";
import { Progress } from "../../src/cli/terminal/progress.ts";
import { parseLabels } from "../../src/pictures/label_names.ts";
import { defaultConfig } from "../../src/models/config.ts";

function parsed(...args: string[]): Record<string, unknown> {
  const program = new Command().exitOverride();
  const sub = addConfigOptions(program.command("go").option("--label <png...>"));
  let options = {};
  sub.action((o: Record<string, unknown>) => void (options = o));
  program.parse(publishedNames(["go", ...args], program), { from: "user" });
  return options;
}

test("options have their published names; dashes do as well", () => {
  const names = [
    "--label_nc",
    "7",
    "--no_instance",
    "--norm_G",
    "spadebatch5x5",
    "--aspect_ratio=2",
    "--use_vae",
    "false",
  ];
  const dashes = [
    "--label-nc",
    "7",
    "--no-instance",
    "--norm-g",
    "spadebatch5x5",
    "--aspect-ratio=2",
    "--use-vae",
    "false",
  ];
  const wanted = { label_nc: 7, no_instance: true, norm_G: "spadebatch5x5", aspect_ratio: 2, use_vae: false };
  expect(configOverrides(parsed(...names))).toEqual(wanted);
  expect(configOverrides(parsed(...dashes))).toEqual(wanted);
  // Values keep their dashes.
  expect(parsed("--label", "a-b.png", "--label", "c_d-e.png").label).toEqual(["a-b.png", "c_d-e.png"]);
});

test("maps have the size of the published loader", () => {
  expect(mapSize(defaultConfig)).toEqual({ width: 256, height: 256 });
  expect(mapSize({ ...defaultConfig, crop_size: 512, aspect_ratio: 2 })).toEqual({ width: 512, height: 256 });
});

/** A stream that keeps what is written. */
function sink(isTTY: boolean): { stream: NodeJS.WriteStream; text: () => string } {
  let text = "";
  const stream = {
    isTTY,
    columns: 100,
    write: (s: string) => ((text += s), true),
    on: () => stream,
    once: () => stream,
    removeListener: () => stream,
  };
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => text };
}

test("progress is plain lines in a log", async () => {
  const { stream, text } = sink(false);
  const progress = new Progress(stream);
  for (let i = 0; i <= 100; i++) progress.update("loading", i, 100);
  await progress.during("painting", async () => undefined);
  progress.say("note");
  expect(text()).toBe("loading ...\npainting ...\nnote\n");
});

test("a batch is one piece of work, whatever is compiled meanwhile", async () => {
  const { stream, text } = sink(false);
  const progress = new Progress(stream);
  for (let i = 0; i < 21; i++) {
    progress.batch("painting", i, 21);
    progress.update("compiling", 0, 4);
    await progress.during("label tables", async () => undefined);
    progress.above(() => stream.write(`map ${i}\n`));
  }
  progress.end();
  progress.update("loading", 0, 1);
  expect(text().split("\n").slice(0, 3)).toEqual(["painting 1 of 21", "map 0", "map 1"]);
  expect(text()).toMatch(/map 20\nloading \.\.\.\n$/);
});

test("a bar stays the same one through a batch, and lines go above it", () => {
  const { stream, text } = sink(true);
  const progress = new Progress(stream);
  for (let i = 0; i < 3; i++) {
    progress.batch("painting", i, 3);
    progress.update("compiling", 0, 4);
    progress.above(() => stream.write(`map ${i}\n`));
  }
  progress.end();
  expect(text()).toContain("painting, compiling");
  // The cursor is hidden once, and the bar is wiped before each line.
  expect(text().split("\x1b[?25l")).toHaveLength(2);
  expect(text().split("\r\x1b[Kmap ")).toHaveLength(4);
});

test("label lists that can't be used name the file and the entry", () => {
  const parse = (labels: unknown): string => {
    try {
      return JSON.stringify(parseLabels(JSON.stringify(labels), "l.json"));
    } catch (error) {
      return (error as Error).message;
    }
  };
  const sky = { id: 0, name: "sky", color: "#ff0000" };
  expect(parse([])).toMatch(/^l\.json: is an empty list; /);
  expect(parse([sky, { id: 4, name: "sea", color: "rgb(255, 0, 0)" }])).toMatch(
    /^l\.json: ids 0 and 4 have the same colour rgb\(255, 0, 0\); /,
  );
  expect(parse([sky, { id: 3, name: "sea", color: "red" }])).toMatch(
    /^l\.json, entry 1 \(id 3\): its colour "red" is not a colour that is understood here; write it as "#rrggbb"$/,
  );
});

test("progress is a bar on a terminal", () => {
  const { stream, text } = sink(true);
  const progress = new Progress(stream);
  progress.update("loading", 0, 4);
  progress.update("loading", 4, 4);
  progress.end();
  expect(text()).toContain("loading");
  expect(text()).toContain("4/4");
});
