import { describe, expect, test } from "vitest";
import { defaultConfig } from "../../src/models/config.ts";
import { findConfig } from "../../src/models/weights/find_config.ts";
import { checkedConfig } from "../../src/models/weights/stored_config.ts";

const stored = (config: unknown) => findConfig(new Map(), { config: JSON.stringify(config) }).config;

describe("a config in the metadata", () => {
  test("fills what is left out with the published defaults and ignores what is not known", () => {
    expect(stored({ ngf: 32, batchSize: 4 })).toEqual({ ...defaultConfig, ngf: 32 });
    expect(checkedConfig({}, "here")).toEqual(defaultConfig);
  });

  test.each([null, "x", 5, [], true])("%j is no config", (config) => {
    expect(() => stored(config)).toThrow(
      expect.objectContaining({ name: "SpadeError", code: "file", where: "weights, metadata config" }),
    );
  });

  test("is JSON", () => {
    for (const config of ["", "{", "undefined"]) {
      expect(() => findConfig(new Map(), { config })).toThrow(
        expect.objectContaining({ code: "file", problem: "is not JSON" }),
      );
    }
  });

  test.each([
    ["crop_size", 2 ** 24],
    ["crop_size", 64.5],
    ["crop_size", 16],
    ["crop_size", null],
    ["label_nc", "abc"],
    ["label_nc", 0],
    ["label_nc", 65536],
    ["ngf", 4096],
    ["ngf", -1],
    ["z_dim", 1e9],
    ["use_vae", 1],
    ["no_instance", "no"],
    ["contain_dontcare_label", null],
    ["aspect_ratio", 0],
    ["aspect_ratio", 1e-9],
    ["aspect_ratio", "2"],
    ["num_upsampling_layers", "lots"],
    ["num_upsampling_layers", "constructor"],
    ["norm_G", 3],
    ["add_noise", 1],
    ["norm_G", "spectralspadesyncbatch4x4"],
    ["norm_G", "batch"],
  ])("%s %j is refused by name", (key, value) => {
    expect(() => stored({ [key]: value })).toThrow(
      expect.objectContaining({ name: "SpadeError", code: "file", message: expect.stringContaining(key) }),
    );
  });

  test("is refused where the picture would be too high", () => {
    expect(() => stored({ crop_size: 8192, aspect_ratio: 0.5 })).toThrow(
      expect.objectContaining({ code: "file", message: expect.stringContaining("aspect_ratio") }),
    );
  });
});
