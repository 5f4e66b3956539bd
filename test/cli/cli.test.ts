// The built commands, run as a user runs them: on tiny calibrated nets, with what they print, write and refuse.

import { loadGenerator } from "../../src/painting/open_net.ts";
import { execFile, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decode } from "fast-png";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { windowsOf } from "../../src/painting/windows.ts";
import { fileSink, openFile } from "../../src/formats/file.ts";
import { encodeLabelPng } from "../../src/formats/images/label_png.ts";
import { openSafetensors, writeSafetensors } from "../../src/formats/safetensors.ts";
import { toF32 } from "../../src/formats/tensors.ts";
import { calibratedState } from "../../src/painting/calibrated.ts";
import { defaultConfig, type Config } from "../../src/models/config.ts";
import { normalValues } from "../../src/models/philox.ts";
import { SpadePainter } from "../../src/painting/spade_painter.ts";
import { pix2pixhdShapes } from "../../src/models/nets/pix2pixhd.ts";
import { seededState, type HostState } from "../../src/models/weights/seeded.ts";
import { memorySource } from "../../src/models/weights/source.ts";
import { testDevice } from "../support/device.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const config: Config = { ...defaultConfig, label_nc: 5, ngf: 1, crop_size: 64 };
const vaeConfig: Config = { ...config, use_vae: true, z_dim: 8, no_instance: true, crop_size: 64, aspect_ratio: 2 };
const LABELS = ["#ff0000", "#00ff00", "#0000ff", "#ffff00", "#00ffff"].map((color, id) => ({
  id,
  name: `label ${id}`,
  color,
}));

let dir: string;
const at = (name: string): string => join(dir, name);
let state: HostState;

interface Result {
  code: number;
  out: string;
  err: string;
}

function spade(...args: string[]): Promise<Result> {
  return new Promise((resolve) => {
    execFile(process.execPath, [join(root, "dist/cli.js"), ...args], { cwd: dir, timeout: 50_000 }, (error, out, err) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, out, err }),
    );
  });
}

const map = (width: number, height: number, label: (x: number, y: number) => number) => ({
  data: Uint8Array.from({ length: width * height }, (_, p) => label(p % width, Math.floor(p / width))),
  width,
  height,
});
const squares = map(64, 64, (x, y) => ((x >> 4) + (y >> 4)) % 5);

async function save(path: string, weights: HostState, c: Config, metadata: Record<string, string> = {}): Promise<void> {
  const tensors = [...weights].map(([name, { shape, data }]) => ({
    name,
    dtype: "F32" as const,
    shape,
    data: () => new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  }));
  await writeSafetensors(await fileSink(path), tensors, { config: JSON.stringify(c), ...metadata });
}

async function tensor(path: string, name: string): Promise<{ shape: number[]; values: Float32Array }> {
  const source = await openSafetensors(await openFile(path));
  const values = toF32(await source.read(name));
  const { shape } = source.info(name);
  await source.close();
  return { shape, values };
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "spade-cli-"));
  const device = await testDevice();
  state = await calibratedState(device, config, 0, windowsOf(config, [squares], null));
  await save(at("net.safetensors"), state, config);
  await save(at("colors.safetensors"), state, config, { labels: JSON.stringify(LABELS) });
  const wide = map(64, 32, (x, y) => ((x >> 4) + (y >> 4)) % 5);
  await save(
    at("vae.safetensors"),
    await calibratedState(device, vaeConfig, 1, windowsOf(vaeConfig, [wide], null), normalValues(1, 8)),
    vaeConfig,
  );
  await writeFile(at("map.png"), encodeLabelPng(squares));
  await writeFile(at("afile.v2"), "");
  // Twice the size, and with don't care: the loader reads every other pixel.
  await writeFile(at("large.png"), encodeLabelPng(map(128, 128, (x, y) => (x < 8 ? 255 : ((x >> 5) + (y >> 5)) % 5))));
  await writeFile(at("inst.png"), encodeLabelPng(map(64, 64, (x) => x >> 3)));
  await writeFile(at("narrow.png"), encodeLabelPng(map(32, 64, () => 0)));
  await writeFile(at("bad.png"), encodeLabelPng(map(128, 128, (x, y) => (x === 77 && y === 3 ? 9 : 1))));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

describe("generate", () => {
  test("--noise_seed: the same picture for the same seed, 0 if left out, another for another; a net without noise ignores it", async () => {
    const noisy = { ...config, add_noise: true };
    await save(
      at("noisy.safetensors"),
      await calibratedState(await testDevice(), noisy, 0, windowsOf(noisy, [squares], null)),
      noisy,
    );
    const paint = async (weights: string, ...more: string[]): Promise<{ values: Float32Array; err: string }> => {
      const { code, err } = await spade(
        ...["generate", "--weights", weights, "--label", "map.png", "--raw", "noise.safetensors", "--force", ...more],
      );
      expect({ code, err }).toMatchObject({ code: 0 });
      return { values: (await tensor(at("noise.safetensors"), "image")).values, err };
    };
    const usual = await paint("noisy.safetensors");
    expect((await paint("noisy.safetensors", "--noise_seed", "0")).values).toEqual(usual.values);
    expect((await paint("noisy.safetensors", "--noise_seed", "9007199254740991")).values).not.toEqual(usual.values);
    const note = "note: this net has no noise (add_noise); --noise_seed is ignored";
    expect(usual.err).not.toContain(note);
    expect((await paint("net.safetensors", "--noise_seed", "3")).err).toContain(note);
    expect((await spade("info", "noisy.safetensors")).out).toContain("add_noise true");
  });

  test("a folder of maps: hidden files left out, instance maps found under names that look equal", async () => {
    const png = encodeLabelPng(squares);
    const hidden = ["folder/.ipynb_checkpoints/a-checkpoint.png", "folder/._a.png"];
    for (const folder of ["folder/.ipynb_checkpoints", "insts"]) await mkdir(at(folder), { recursive: true });
    for (const name of ["folder/caf\u00e9.png", "folder/b\u001b.png", "insts/cafe\u0301.png", "insts/b\u001b.png"])
      await writeFile(at(name), png);
    for (const name of hidden) await writeFile(at(name), "no picture");
    const args = ["--weights", "net.safetensors", "--label", "folder", "--instance", "insts", "--out", "painted"];
    const { code, out } = await spade("generate", ...args);
    expect([code, out.includes("b\\x1b.png: "), out.includes("\u001b")]).toEqual([0, true, false]);
    expect((await readdir(at("painted"))).sort()).toEqual(["b\u001b.png", "caf\u00e9.png"]);
  });

  test("paints what the engine paints, in the published bytes", async () => {
    const { code, out, err } = await spade(
      "generate",
      "--weights",
      "net.safetensors",
      "--label",
      "map.png",
      "--instance",
      "inst.png",
      "--out",
      "a.png",
      "--raw",
      "a.safetensors",
      "--dtype",
      "f32",
    );
    expect({ code, err }).toMatchObject({ code: 0 });
    expect(out).toMatch(/^a\.png, a\.safetensors: 64x64, label tables \d+ ms, picture \d+ ms\n$/);
    // Dawn's two lines about limits are filtered.
    expect(err).not.toContain("artificially reduced");

    const device = await testDevice();
    const runner = await SpadePainter.create(
      device,
      config,
      await loadGenerator(device, config, memorySource(state), "f32"),
    );
    await runner.setMap(windowsOf(config, [squares], [map(64, 64, (x) => x >> 3)]));
    const expected = await runner.paint();
    runner.dispose();
    const saturated = expected.filter((v) => Math.abs(v) > 0.999).length / expected.length;
    expect(saturated).toBeLessThan(0.05);
    const { shape, values } = await tensor(at("a.safetensors"), "image");
    expect(shape).toEqual([1, 3, 64, 64]);
    const png = decode(await readFile(at("a.png")));
    expect([png.width, png.height, png.channels]).toEqual([64, 64, 3]);
    for (let p = 0; p < 64 * 64; p++) {
      for (let c = 0; c < 3; c++) {
        const v = values[c * 4096 + p];
        expect(v).toBeCloseTo(expected[3 * p + c], 5);
        expect(png.data[3 * p + c]).toBe(
          Math.floor(Math.min(255, Math.max(0, Math.fround(Math.fround((v + 1) / 2) * 255)))),
        );
      }
    }
  });

  test("paints with pix2pixHD's generator, and plans its memory; ONNX is for SPADE's", async () => {
    const c: Config = { ...config, netG: "pix2pixhd", norm_G: "spectralinstance", ngf: 2, resnet_n_blocks: 1 };
    await save(at("p2p.safetensors"), seededState(pix2pixhdShapes(c), 3, 1), c);
    const net = ["--weights", "p2p.safetensors"];
    expect(await spade("generate", ...net, "--label", "map.png", "--out", "p2p.png")).toMatchObject({ code: 0 });
    const png = decode(await readFile(at("p2p.png")));
    expect([png.width, png.height, png.channels]).toEqual([64, 64, 3]);
    const plan = await spade("generate", ...net, "--label", "map.png", "--plan");
    expect(plan.out).toMatch(/^memory on .+ = weights .+ \+ label tables 0\.00 MiB \+ picture /);
    const onnx = await spade("export", ...net, "--onnx", "p2p.onnx");
    expect(onnx).toMatchObject({ code: 1, err: expect.stringContaining("is a pix2pixHD generator") });
  });

  test("takes several maps into a folder, resized as the published loader does", async () => {
    const { code, out } = await spade(
      "generate",
      "--weights",
      "net.safetensors",
      "--label",
      "map.png",
      "--label",
      "large.png",
      "--out",
      "many.v2",
      "--raw",
      "raws",
    );
    expect(code).toBe(0);
    expect(out.trim().split("\n")).toHaveLength(2);
    expect((await readdir(at("many.v2"))).sort()).toEqual(["large.png", "map.png"]);
    const [a, b] = [
      await tensor(at("raws/map.safetensors"), "image"),
      await tensor(at("raws/large.safetensors"), "image"),
    ];
    expect(b.shape).toEqual(a.shape);
    expect(b.values).not.toEqual(a.values);
  });

  test("reads colours through the stored labels, and refuses foreign ones", async () => {
    const paint = async (name: string, color: (id: number, p: number) => number[]): Promise<void> => {
      const { encode } = await import("fast-png");
      const data = Uint8Array.from([...squares.data].flatMap((id, p) => color(id, p)));
      await writeFile(at(name), encode({ data, width: 64, height: 64, channels: 3, depth: 8 }));
    };
    const rgb = (id: number): number[] => [1, 3, 5].map((i) => parseInt(LABELS[id].color.slice(i, i + 2), 16));
    await paint("rgb.png", rgb);
    await paint("foreign.png", (id, p) => (p === 70 ? [1, 2, 3] : rgb(id)));
    const [gray, colored] = await Promise.all([
      spade("generate", "--weights", "colors.safetensors", "--label", "map.png", "--raw", "gray.safetensors"),
      spade("generate", "--weights", "colors.safetensors", "--label", "rgb.png", "--raw", "rgb.safetensors"),
    ]);
    expect([gray.code, colored.code]).toEqual([0, 0]);
    expect(await tensor(at("rgb.safetensors"), "image")).toEqual(await tensor(at("gray.safetensors"), "image"));
    const foreign = await spade(
      "generate",
      "--weights",
      "colors.safetensors",
      "--label",
      "foreign.png",
      "--out",
      "x.png",
    );
    expect(foreign).toMatchObject({ code: 1, out: "" });
    expect(foreign.err).toMatch(
      /^error: foreign\.png, pixel \(6, 1\): its colour #010203 is none of the 5 label colours; of the 6 distinct colours in the map 1 are foreign; .+\n$/,
    );
    expect(foreign.err).not.toContain("tolerance");
    const nameless = await spade("generate", "--weights", "net.safetensors", "--label", "rgb.png", "--out", "x.png");
    expect(nameless.err).toMatch(
      /^error: rgb\.png: is a picture in colours: 5 distinct ones, #.+ what the colours mean with the weights: .+--labels.+\n$/,
    );
  });

  test("styles: a seed, its z in a file, a random one that can be repeated", async () => {
    const z = normalValues(3, 8);
    await writeSafetensors(await fileSink(at("z.safetensors")), [
      { name: "z", dtype: "F32", shape: [8], data: () => new Uint8Array(z.buffer) },
    ]);
    const wide = encodeLabelPng(map(64, 32, (x) => x >> 4));
    await writeFile(at("wide.png"), wide);
    const run = (style: string, raw: string): Promise<Result> =>
      spade("generate", "--weights", "vae.safetensors", "--label", "wide.png", "--style", style, "--raw", raw);
    const seed = await run("seed:3", "seed.safetensors");
    expect(seed.out).toContain("64x32, style seed:3,");
    expect((await run("z.safetensors", "file.safetensors")).code).toBe(0);
    const bySeed = await tensor(at("seed.safetensors"), "image");
    expect(await tensor(at("file.safetensors"), "image")).toEqual(bySeed);
    const random = /style (seed:\d+)/.exec((await run("random", "random.safetensors")).out)![1];
    await run(random, "again.safetensors");
    const byRandom = await tensor(at("random.safetensors"), "image");
    expect(await tensor(at("again.safetensors"), "image")).toEqual(byRandom);
    expect(byRandom).not.toEqual(bySeed);
  });

  test("--plan prints the memory by tensor, --profile a table and a trace", async () => {
    const plan = await spade("generate", "--weights", "net.safetensors", "--label", "map.png", "--plan");
    expect(plan.code).toBe(0);
    expect(plan.out).toMatch(/^memory on .+ = weights [\d.]+ MiB \+ derived/);
    expect(plan.out).toMatch(/^a session that paints edits .+ has [\d.]+ MiB more, for layers that are kept$/m);
    expect(plan.out).toMatch(/up_3\.conv_1\.\S* f32\[1,64,64,1\]/);
    expect(plan.out).toMatch(/^prepare: /m);
    expect(plan.out).toMatch(/arena \d+ \+ \d+ +inner \d+x\d+ i32\[\d+,9\], dispatches input\.\.\d+$/m);
    expect(plan.out).not.toContain("smaller ones");
    expect(plan.err).not.toContain("loading weights");
    const profile = await spade(
      "generate",
      "--weights",
      "net.safetensors",
      "--label",
      "map.png",
      "--profile",
      "t.json",
    );
    if (profile.code === 1) expect(profile.err).toContain("timestamp-query");
    else {
      expect(profile.out).toMatch(/GFLOP\/s/);
      const { traceEvents } = JSON.parse(await readFile(at("t.json"), "utf8")) as { traceEvents: { ph: string }[] };
      expect(traceEvents.filter((e) => e.ph === "X").length).toBeGreaterThan(20);
    }
  });
});

describe("what can't be done is said in one line, with exit code 1", () => {
  const CASES: [what: string, args: string[], message: RegExp][] = [
    [
      "a label out of range, by its place in the file",
      ["--label", "bad.png"],
      /^error: bad\.png: pixel \(x 77, y 3\) has the value 9, legal are 0\.\.4; .*255.*$/,
    ],
    ["a map that is not there", ["--label", "none.png"], /^error: none\.png: does not exist; check the path$/],
    [
      "weights that are not there",
      ["--label", "map.png", "--weights", "none.pth"],
      /^error: none\.pth: does not exist; check the path$/,
    ],
    [
      "weights that are none",
      ["--label", "map.png", "--weights", "map.png"],
      /^error: map\.png: is not a checkpoint; .+$/,
    ],
    [
      "another net's config",
      ["--label", "map.png", "--label-nc", "7"],
      /^error: label_nc 7, contain_dontcare_label true, no_instance false: does not fit these weights, which read 7 channels.+; give one of: .+$/,
    ],
    [
      "a style for a net without VAE",
      ["--label", "map.png", "--style", "seed:1"],
      /^error: --style seed:1: this net was trained without VAE.+$/,
    ],
    [
      "a picture as style, without an encoder",
      ["--weights", "vae.safetensors", "--label", "map.png", "--style", "map.png"],
      /^error: --style map\.png: needs the net's encoder, and none lies beside vae\.safetensors; .+--encoder.+$/,
    ],
    [
      "a z of another length",
      ["--weights", "vae.safetensors", "--z_dim", "8", "--label", "map.png", "--style", "net.safetensors"],
      /^error: net\.safetensors: holds no tensor z .+$/,
    ],
    [
      "an instance map of another shape",
      ["--label", "map.png", "--instance", "narrow.png"],
      /^error: narrow\.png: is 32 x 64 where its label map is 64 x 64; .+$/,
    ],
    [
      "too few instance maps",
      ["--label", "map.png", "large.png", "--instance", "inst.png", "--out", "many"],
      /^error: --instance: 1 given for 2 label maps; .+$/,
    ],
    [
      "a file for several maps",
      ["--label", "map.png", "large.png"],
      /^error: x\.png: looks like a file name where 2 maps need a folder; give a folder$/,
    ],
    [
      "an existing file for several maps",
      ["--label", "map.png", "large.png", "--out", "afile.v2"],
      /^error: afile\.v2: is a file where 2 maps need a folder; give a folder$/,
    ],
    [
      "a picture over its map",
      ["--label", "map.png", "--out", "./map.png"],
      /^error: \.\/map\.png: would be written over a label map; .+$/,
    ],
    [
      "pictures over their maps",
      ["--label", ".", "--out", "."],
      /^error: \w+\.png: would be written over a label map; .+$/,
    ],
    [
      "raw values over the weights",
      ["--label", "map.png", "--raw", "net.safetensors"],
      /^error: net\.safetensors: would be written over the weights; .+$/,
    ],
    [
      "a picture in a file",
      ["--label", "map.png", "--out", "map.png/x.png"],
      /^error: map\.png\/x\.png: can't be written \(a part of its path is a file\); .+$/,
    ],
    [
      "raw values in a file",
      ["--label", "map.png", "--raw", "map.png/x.safetensors"],
      /^error: map\.png\/x\.safetensors: can't be written \(a part of its path is a file\); .+$/,
    ],
    [
      "a trace in a file",
      ["--label", "map.png", "--profile", "/dev/null/x.json"],
      /^error: \/dev\/null\/x\.json: can't be written \(a part of its path is a file\); .+$/,
    ],
    [
      "an unknown picture format",
      ["--label", "map.png", "--out", "x.gif"],
      /^error: x\.gif: has an ending that says no picture format; .+$/,
    ],
    [
      "an unknown norm",
      ["--label", "map.png", "--norm-G", "spadefoo3x3"],
      /^error: norm_G "spadefoo3x3": "foo" is not a known norm; .+$/,
    ],
  ];
  test.each(CASES)("%s", async (_what, args, message) => {
    const has = (option: string): boolean => args.includes(option);
    const { code, out, err } = await spade(
      "generate",
      ...(has("--weights") ? [] : ["--weights", "net.safetensors"]),
      ...(has("--out") ? [] : ["--out", "x.png"]),
      ...args,
    );
    expect({ code, out }).toEqual({ code: 1, out: "" });
    const errors = err
      .trim()
      .split("\n")
      .filter((line) => !line.startsWith("note: "));
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(message);
  });

  test("commander's own errors", async () => {
    const none = await spade("generate", "--label", "map.png");
    expect(none).toMatchObject({ code: 1, out: "" });
    expect(none.err).toContain("required option '--weights <file>'");
    expect((await spade("generte")).err).toContain("Did you mean generate?");
    expect((await spade("demo", "--seed", "abc")).err).toContain("Give a whole number from 0 on.");
  });
});

test("doctor examines the adapter and runs a real kernel", async () => {
  const json = await spade("doctor", "--json");
  expect(json.code).toBe(0);
  const report = JSON.parse(json.out) as { ok: boolean; adapter: { software: boolean }; kernel: { verdict: string } };
  expect(report).toMatchObject({ ok: true, kernel: { verdict: "right" } });
  const { out } = await spade("doctor");
  expect(out).toMatch(/^system .*\nadapter /);
  if (report.adapter.software) expect(out).toMatch(/^verdict +works, on the CPU/m);
});

test("export writes ONNX and checks it", async () => {
  const { code, out, err } = await spade("export", "--weights", "vae.safetensors", "--onnx", "made/by/net.onnx");
  expect({ code, err }).toMatchObject({ code: 0 });
  expect(out).toMatch(/inputs seg \[1,6,32,64\], z \[1,8\], output image \[1,3,32,64\]/);
  expect(out).toMatch(/checked: .+ differs from our picture by at most \d\.\de-\d/);
});

test("benches run through the filter: usage and exit codes come out", () => {
  const bench = (...args: string[]) =>
    spawnSync(process.execPath, [join(root, "dist/quiet.js"), join(root, "dist/bench/main.js"), ...args], {
      encoding: "utf8",
    });
  expect(bench("--help")).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^usage: .+\n +npm run bench -- tune .+\n$/) as string,
  });
  expect(bench("nothing")).toMatchObject({ status: 1, stdout: "" });
});

test("the filter says that a program was killed, and is silent about a closed terminal", async () => {
  const end = async (signal: string): Promise<string> => {
    await writeFile(at("end.mjs"), `process.kill(process.pid, "${signal}"); setTimeout(() => {}, 10_000);`);
    const env = { ...process.env, VK_ICD_FILENAMES: "lvp_icd.json", SPADE_WEBGPU_CHILD: "" };
    return spawnSync(process.execPath, [join(root, "dist/quiet.js"), at("end.mjs")], { encoding: "utf8", env }).stderr;
  };
  expect(await end("SIGKILL")).toMatch(/^error: the program was killed \(perhaps for memory\); /);
  expect(await end("SIGSEGV")).toMatch(/^error: the GPU driver ended the program \(SIGSEGV\); /);
  expect(await end("SIGHUP")).toBe("");
});

test("info says what a segmenter is, and what is wrong with a damaged one", async () => {
  const segmenter = join(root, "weights/ade20k_segmenter.safetensors");
  const { out } = await spade("info", segmenter);
  expect(out.split("\n").slice(1, 3)).toEqual([
    "segmenter of photos, resized to 513x513: 151 classes (0 other, 1 wall, 2 building, 3 sky, 4 floor, 5 tree, 6 ceiling, 7 road and 143 more)",
    "labels: 151 with names and colours",
  ]);
  expect((await spade("info", segmenter, "--all")).out).toMatch(/^segmenter of photos, .* 149 clock, 150 flag\)$/m);
  expect(out).toMatch(/^licence: .*Apache License 2\.0/m);
  expect(out).not.toMatch(/^(config|segmenter): /m);
  await save(at("broken.safetensors"), state, config, { segmenter: "{}", labels: "[]" });
  const broken = (await spade("info", "broken.safetensors")).out;
  expect(broken).toMatch(/^config, from its metadata: /m);
  expect(broken).toMatch(/^segmenter: damaged \(has no size that is a multiple of 8 and 1, .*\)$/m);
});

test("convert and info", async () => {
  expect((await spade("convert", "net.safetensors", "new/net.pth", "--dtype", "f16")).out).toMatch(
    /wrote new\/net\.pth: \d+ tensors/,
  );
  const { out } = await spade("info", "new/net.pth");
  expect(out).toMatch(/^net\.pth: torch zip, /);
  expect(out).toContain("label_nc 5, contain_dontcare_label true");
  await save(at("odd.safetensors"), state, config, { labels: "{}" });
  expect((await spade("info", "odd.safetensors")).out).toContain("\nlabels: damaged\n");
  expect(await spade("info", "map.png")).toMatchObject({
    code: 1,
    err: expect.stringMatching(/^error: map\.png: is not a checkpoint; .+\n$/) as string,
  });
  expect((await spade("generate", "--weights", "new/net.pth", "--label", "map.png", "--out", "pth.png")).code).toBe(0);
});
