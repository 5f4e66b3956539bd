// Which options of a net are only guessed, and what happens when the user states them.

import { describe, expect, test } from "vitest";
import { defaultConfig, generatorShapes, storedForm, type Config } from "../../src/models/config.ts";
import { findConfig, guessNote } from "../../src/models/weights/find_config.ts";
import { explainGuess } from "../../src/models/weights/stored_config.ts";
import { storedConfig } from "../../src/models/weights/stored_config.ts";
import { SpadeError } from "../../src/runtime/errors.ts";

/** 12 channels: trained with 12 labels and --no_instance. */
const trained: Config = { ...defaultConfig, label_nc: 12, contain_dontcare_label: false, no_instance: true, ngf: 4 };
const shapes = generatorShapes(trained);
const labels = ({ label_nc, contain_dontcare_label: dontCare, no_instance }: Config): [number, boolean, boolean] => [
  label_nc,
  dontCare,
  !no_instance,
];

test("noise is found by its keys, and is stored where it is on", () => {
  expect(findConfig(shapes).config.add_noise).toBe(false);
  expect(findConfig(generatorShapes({ ...trained, add_noise: true })).config.add_noise).toBe(true);
  expect(JSON.parse(storedConfig({ config: { ...trained, add_noise: true }, guessed: [] }))).toMatchObject({
    add_noise: true,
  });
  expect(storedConfig({ config: trained, guessed: [] })).not.toContain("add_noise");
});

describe("12 channels without a stored config", () => {
  test("are guessed as 11 labels and edges, and the note names every other reading and how to state it", () => {
    const found = findConfig(shapes);
    expect(labels(found.config)).toEqual([11, false, true]);
    expect(found.guessed).toEqual([
      "label_nc",
      "contain_dontcare_label",
      "no_instance",
      "crop_size",
      "aspect_ratio",
      "num_upsampling_layers",
    ]);
    const { message, fix } = guessNote(found)!;
    expect(message).toBe("guessed from keys and shapes: 11 labels, edges, pictures of 256x256");
    for (const part of ["--no_instance (12 labels)", "--contain_dontcare_label (10 labels, don't care, edges)"])
      expect(fix).toContain(part);
    expect(fix).toContain("--contain_dontcare_label --no_instance (11 labels, don't care)");
    expect(fix).toContain("--crop_size");
  });

  test.each<[Partial<Config>, [number, boolean, boolean], boolean]>([
    [{ no_instance: true }, [12, false, false], false],
    [{ no_instance: false }, [11, false, true], false],
    [{ label_nc: 12 }, [12, false, false], true],
    [{ label_nc: 10 }, [10, true, true], true],
    [{ label_nc: 11 }, [11, false, true], false],
    [{ label_nc: 11, no_instance: true }, [11, true, false], true],
    [{ contain_dontcare_label: true }, [10, true, true], false],
    [{ contain_dontcare_label: true, no_instance: true }, [11, true, false], true],
  ])("with %j stated: the channel moves", (given, wanted, sure) => {
    const { config, guessed } = findConfig(shapes, {}, given);
    expect(labels(config)).toEqual(wanted);
    expect(guessed.includes("contain_dontcare_label") || guessed.includes("label_nc")).toBe(!sure);
  });

  test.each<Partial<Config>>([{ label_nc: 13 }, { label_nc: 9 }, { label_nc: 10, no_instance: true }])(
    "%j contradicts them: the readings are listed",
    (given) => {
      expect(() => findConfig(shapes, {}, given)).toThrow(
        expect.objectContaining({
          code: "usage",
          problem: expect.stringContaining("read 12 channels") as string,
          fix: expect.stringContaining("11 labels, edges; 12 labels;") as string,
        }),
      );
    },
  );

  test("a map that one reading allows and the guess does not: the error names the readings", () => {
    const error = new SpadeError("label", "label map", "pixel has the value 11, legal are 0..10", "write the ids");
    const explained = explainGuess(error, findConfig(shapes)) as SpadeError;
    expect(explained).toMatchObject({ code: "label", where: "label map", problem: error.problem });
    expect(explained.fix).toContain("--no_instance (12 labels)");
    expect(explainGuess(error, findConfig(shapes, {}, { label_nc: 12 }))).toBe(error);
    const other = new SpadeError("shape", "label map", "is small", "resize it");
    expect(explainGuess(other, findConfig(shapes))).toBe(other);
  });
});

describe("a stored config", () => {
  test("says which of its options were guessed, and they stay open", () => {
    const again = findConfig(shapes, { config: storedConfig(findConfig(shapes)) });
    expect(again).toEqual(findConfig(shapes));
    expect(labels(findConfig(shapes, { config: storedConfig(again) }, { no_instance: true }).config)).toEqual([
      12,
      false,
      false,
    ]);
    const half = findConfig(shapes, {}, { no_instance: true, crop_size: 128 });
    const stored = findConfig(shapes, { config: storedConfig(half) });
    expect(stored).toEqual(half);
    expect(guessNote(stored)!.message).toBe("guessed from keys and shapes: 12 labels, pictures of 128x128");
  });

  test("that nobody guessed is no guess, and needs no note", () => {
    const found = findConfig(shapes, { config: JSON.stringify(trained) });
    expect(found).toEqual({ config: trained, guessed: [] });
    expect(guessNote(found)).toBeUndefined();
    expect(JSON.parse(storedConfig(found))).toEqual(storedForm(trained));
    const fact = { config: JSON.stringify(trained) };
    expect(() => findConfig(shapes, fact, { no_instance: false })).toThrow(
      /label_nc 12, .*: does not fit these weights/,
    );
    const all = { label_nc: 10, contain_dontcare_label: true, no_instance: false };
    expect(labels(findConfig(shapes, fact, all).config)).toEqual([10, true, true]);
  });
});

test("the published data sets are recognised by their channels, which is a guess too", () => {
  for (const [label_nc, dontCare, edges] of [
    [182, true, true],
    [150, true, false],
    [35, false, true],
    [13, false, false],
  ] as const) {
    const c = { ...trained, label_nc, contain_dontcare_label: dontCare, no_instance: !edges };
    const { config, guessed } = findConfig(generatorShapes(c));
    expect(labels(config)).toEqual([label_nc, dontCare, edges]);
    expect(guessed).toContain("no_instance");
  }
});

test("a size that is stated decides what the fc of a net with VAE means", () => {
  const c: Config = { ...trained, use_vae: true, z_dim: 8, crop_size: 128, aspect_ratio: 2 };
  const found = findConfig(generatorShapes(c), {}, { aspect_ratio: 2, crop_size: 128 });
  expect(found.config).toMatchObject({ crop_size: 128, aspect_ratio: 2, z_dim: 8 });
  expect(found.guessed).not.toContain("crop_size");
});

test("a net of a run's other roles is named, although it holds the generator's config", () => {
  const config = { config: JSON.stringify(trained) };
  for (const [key, name] of [
    ["discriminator_0.model0.0.weight", "a discriminator (latest_net_D)"],
    ["fc_mu.weight", "an encoder (latest_net_E)"],
  ])
    expect(() => findConfig(new Map([[key, [1]]]), config)).toThrow(`weights: is ${name}; give latest_net_G`);
});
