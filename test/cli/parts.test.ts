// Parts of the commands that need no process of their own.

import { Command } from "commander";
import { expect, test } from "vitest";
import { publishedNames } from "../../src/cli/argv.ts";
import { addConfigOptions, configOverrides } from "../../src/cli/config_options.ts";
import { mapSize } from "../../src/cli/maps.ts";
import { Progress } from "../../src/cli/progress.ts";
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

test("progress is a bar on a terminal", () => {
  const { stream, text } = sink(true);
  const progress = new Progress(stream);
  progress.update("loading", 0, 4);
  progress.update("loading", 4, 4);
  progress.end();
  expect(text()).toContain("loading");
  expect(text()).toContain("4/4");
});
