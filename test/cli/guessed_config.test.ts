// A generator given as a bare .pth: what its options are guessed to be, and how a user states them.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { convert } from "../../src/cli/commands/convert.ts";
import { generate, type GenerateOptions } from "../../src/cli/commands/generate.ts";
import { info } from "../../src/cli/commands/info.ts";
import { Progress } from "../../src/cli/terminal/progress.ts";
import { fileSink, openCheckpointFile } from "../../src/formats/file.ts";
import { encodeLabelPng } from "../../src/formats/images/label_png.ts";
import { writePth } from "../../src/formats/torch/pth_write.ts";
import { defaultConfig, storedForm, type Config } from "../../src/models/config.ts";
import { seededGenerator } from "../../src/models/weights/seeded.ts";
import { createSpade } from "../../src/node.ts";

/** Trained with --label_nc 12 --no_instance. */
const trained: Config = {
  ...defaultConfig,
  label_nc: 12,
  contain_dontcare_label: false,
  no_instance: true,
  ngf: 1,
  crop_size: 64,
};
const OPT_TXT = [
  "label_nc: 12",
  "no_instance: True",
  "contain_dontcare_label: False",
  "crop_size: 64",
  "aspect_ratio: 1.0",
];

let dir = "";
const at = (name: string): string => join(dir, name);

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "spade-guess-"));
  const tensors = [...seededGenerator(trained, 3, 1)].map(([name, { shape, data }]) => ({
    name,
    dtype: "F32" as const,
    shape,
    data: () => new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  }));
  await writePth(await fileSink(at("latest_net_G.pth")), tensors);
  const data = Uint8Array.from({ length: 64 * 64 }, (_, i) => (i >> 3) % 12);
  await writeFile(at("map.png"), encodeLabelPng({ data, width: 64, height: 64 }));
});
afterAll(() => rm(dir, { recursive: true }));

/** What generate prints, and its notes. */
async function paint(options: Partial<GenerateOptions>): Promise<{ lines: string[]; notes: string[] }> {
  const notes: string[] = [];
  const progress = new Progress();
  progress.say = (line) => void notes.push(line);
  progress.update = () => undefined;
  const lines: string[] = [];
  const o = { weights: at("latest_net_G.pth"), label: [at("map.png")], out: at("out.png"), overrides: {}, ...options };
  for await (const line of generate(o, progress)) lines.push(line);
  return { lines, notes };
}

test("a legal label that the guess forbids: the error names the other readings", async () => {
  await expect(paint({})).rejects.toMatchObject({
    code: "label",
    problem: expect.stringContaining("value 11, legal are 0..10") as string,
    fix: expect.stringMatching(/guessed from keys and shapes: 11 labels, edges.*--no_instance \(12 labels\)/) as string,
  });
});

test("--no_instance alone is enough, and the size stays named as a guess", async () => {
  const { lines, notes } = await paint({ overrides: { no_instance: true, crop_size: 64 } });
  expect(lines[0]).toMatch(/64x64/);
  expect(notes.filter((n) => n.includes("guessed"))).toEqual([
    expect.stringMatching(/^note: guessed from keys and shapes: 12 labels, pictures of 64x64; if trained otherwise: /),
  ]);
});

test("opt.txt beside the weights is read without being asked; one of another net is not used", async () => {
  await writeFile(at("opt.txt"), OPT_TXT.map((line) => `${line}\n`).join(""));
  const { lines, notes } = await paint({});
  expect(lines[0]).toMatch(/64x64/);
  expect(notes).toContainEqual(expect.stringMatching(/^options of .*opt\.txt: label_nc 12, .*no_instance true/));
  expect(notes.join()).not.toContain("12 labels");

  await writeFile(at("opt.txt"), "label_nc: 35\nno_instance: False\n");
  const other = await paint({ overrides: { label_nc: 12, crop_size: 64 } });
  expect(other.notes).toContainEqual(expect.stringMatching(/^note: .*opt\.txt is not used: .*read 12 channels/));
  await writeFile(at("opt.txt"), "what is this");
  expect((await paint({ overrides: { label_nc: 12 } })).notes.join()).toMatch(/is not used: .*"what is this" is not/);
  expect(await info(at("latest_net_G.pth"))).toContainEqual(
    expect.stringMatching(/^note: .*opt\.txt is not used: .*"what is this" is not/),
  );
  await rm(at("opt.txt"));
});

test("convert stores what was stated as a fact and what was guessed as a guess; info shows both", async () => {
  const metadata = async (name: string): Promise<Record<string, unknown>> => {
    const file = await openCheckpointFile(at(name));
    await file.close();
    return JSON.parse(file.metadata.config) as Record<string, unknown>;
  };
  const lines = await convert(at("latest_net_G.pth"), at("guess.safetensors"));
  expect(lines).toContainEqual(expect.stringMatching(/^note: guessed from keys and shapes: 11 labels, edges/));
  expect((await metadata("guess.safetensors")).guessed).toContain("no_instance");
  expect((await info(at("guess.safetensors"))).join("\n")).toContain("--no_instance (12 labels)");

  const stated = { label_nc: 12, crop_size: 64, aspect_ratio: 1, num_upsampling_layers: "normal" } as const;
  await convert(at("guess.safetensors"), at("fact.safetensors"), { overrides: stated });
  expect(await metadata("fact.safetensors")).toEqual(storedForm(trained));
  expect((await info(at("fact.safetensors"))).join("\n")).not.toContain("guessed from");
  const { notes } = await paint({ weights: at("fact.safetensors") });
  expect(notes.join()).not.toContain("guessed");
});

test("createSpade says what was guessed in info and in a notice", async () => {
  const spade = await createSpade({ weights: at("latest_net_G.pth"), size: [64, 64] });
  const notices: { code: string; message: string }[] = [];
  spade.addEventListener("notice", (event) => notices.push(event as unknown as (typeof notices)[0]));
  expect(spade.info.guessed).toEqual(["label_nc", "contain_dontcare_label", "no_instance", "num_upsampling_layers"]);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(notices.find((n) => n.code === "guessed-config")?.message).toContain("11 labels, edges");
  const map = { data: new Uint8Array(64 * 64).fill(11), width: 64, height: 64 };
  await expect(spade.generate(map)).rejects.toMatchObject({
    code: "label",
    fix: expect.stringContaining("12 labels") as string,
  });
  spade.dispose();
});
