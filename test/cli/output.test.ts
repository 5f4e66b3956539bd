// Results that the user named: they never replace an input, nor a file of another kind, and nothing is left of what is refused.

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, link, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { cocoInstances } from "../../src/cli/commands/coco_instances.ts";
import { convert } from "../../src/cli/commands/convert.ts";
import { lookAtDataset } from "../../src/cli/commands/dataset.ts";
import { evaluate } from "../../src/cli/commands/eval.ts";
import { exportOnnx } from "../../src/cli/commands/export.ts";
import { generate } from "../../src/cli/commands/generate.ts";
import { kindOfFile, type Kind } from "../../src/cli/terminal/file_kind.ts";
import { fileError, Outputs } from "../../src/cli/terminal/output.ts";
import { Progress } from "../../src/cli/terminal/progress.ts";
import { fileSink } from "../../src/formats/file.ts";
import { noteInput } from "../../src/formats/inputs.ts";
import { writeSafetensors, type TensorToWrite } from "../../src/formats/safetensors.ts";
import { memorySink } from "../../src/formats/tensors.ts";
import { writePth } from "../../src/formats/torch/pth_write.ts";
import { SpadeError } from "../../src/runtime/errors.ts";
import { labelPng, photoPng, write } from "../datasets/folders.ts";

let dir: string;
const at = (...parts: string[]): string => join(dir, ...parts);
beforeEach(async () => void (dir = await mkdtemp(join(tmpdir(), "spade-output-"))));
afterEach(() => rm(dir, { recursive: true, force: true }));

const silent = (): Progress => new Progress({ write: () => true } as unknown as NodeJS.WriteStream, false);
const TENSOR: TensorToWrite = { name: "a", dtype: "F32", shape: [1], data: () => new Uint8Array(4) };

/** What all files below the folder hold, links by what they lead to. */
async function everything(): Promise<Map<string, string>> {
  const out = new Map<string, string>();
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const readable = entry.isFile() || (entry.isSymbolicLink() && existsSync(path));
    out.set(path, readable ? await readFile(path, "base64").catch(() => "") : "");
  }
  return out;
}

/** The error of what is refused; nothing in the folder has changed, and nothing was added. */
async function refusal(work: () => Promise<unknown>): Promise<SpadeError> {
  const before = await everything();
  const error = await work().then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(SpadeError);
  expect(await everything()).toEqual(before);
  return error as SpadeError;
}

const KINDS: [Kind | "text" | "zip" | "other", () => Promise<Uint8Array | string>][] = [
  ["png", async () => labelPng(2, 2, () => 1)],
  ["jpeg", () => sharp(photoPng(2, 2, () => [1, 2, 3])).jpeg().toBuffer()],
  ["webp", () => sharp(photoPng(2, 2, () => [1, 2, 3])).webp().toBuffer()],
  ["safetensors", async () => {
    const sink = memorySink();
    await writeSafetensors(sink, [TENSOR]);
    return sink.bytes();
  }],
  ["pth", async () => {
    const sink = memorySink();
    await writePth(sink, [TENSOR]);
    return sink.bytes();
  }],
  ["onnx", async () => Uint8Array.of(8, 8, 18, 5, ...Buffer.from("spade"), 58, 0)],
  ["json", async () => '\n { "a": 1 }\n'],
  ["json", async () => "[1, 2]"],
  ["html", async () => "<!DOCTYPE html><p>x"],
  ["text", async () => "weights: { 1 }, äöü\n"],
  ["zip", async () => "PK\x03\x04 and so on"],
  ["other", async () => Uint8Array.of(0, 1, 2)],
]; // prettier-ignore

test("files are known by what they hold, and only those of a result's own kind, and empty ones, are replaced", async () => {
  for (const [kind, content] of KINDS) {
    const path = at(`a.${kind}`);
    await writeFile(path, await content());
    expect(await kindOfFile(path)).toBe(kind);
    for (const [wanted] of KINDS) {
      if (wanted === "text" || wanted === "zip" || wanted === "other") continue;
      const check = (force: boolean): Promise<void> => new Outputs(force).check([{ path, kind: wanted }]);
      await check(true);
      if (wanted === kind) await check(false);
      else expect((await refusal(() => check(false))).message).toMatch(/a\.\w+: holds .+ would replace; .+--force$/);
    }
  }
  await writeFile(at("empty"), "");
  await new Outputs().write({ path: at("empty"), kind: "json" }, "{}");
  expect(await readFile(at("empty"), "utf8")).toBe("{}");
});

describe("an input is never replaced, whatever it is called and with --force too", () => {
  const refuses = async (path: string): Promise<void> => {
    const error = await refusal(() => new Outputs(true).check([{ path, kind: "json" }]));
    expect(error.message).toBe(`${path}: would be written over the list; give another name or folder`);
  };

  test("by other spellings, symbolic links, hard links, folders that are links", async () => {
    await write(dir, { "data/in.json": "{}" });
    noteInput(at("data/in.json"), "the list");
    await symlink(at("data/in.json"), at("link.json"));
    await link(at("data/in.json"), at("hard.json"));
    await symlink(at("data"), at("folder"));
    for (const path of ["data/../data/in.json", "link.json", "hard.json", "folder/in.json"])
      await refuses(`${dir}/${path}`);
    await new Outputs().check([{ path: at("data/other.json"), kind: "json" }]);
  });

  test("where the input was named by a link, and where it was read after the check", async () => {
    await writeFile(at("in.json"), "{}");
    await symlink(at("in.json"), at("link.json"));
    const outputs = new Outputs(true);
    await outputs.check([{ path: at("in.json"), kind: "json" }]);
    noteInput(at("link.json"), "the list");
    const error = await refusal(() => outputs.write({ path: at("in.json"), kind: "json" }, "[]"));
    expect(error.problem).toBe("would be written over the list");
  });
});

test("two results of one command have two files", async () => {
  await mkdir(at("a"));
  await symlink(at("a"), at("b"));
  const pair = [at("a/x.json"), at("b/x.json")].map((path) => ({ path, kind: "json" }) as const);
  expect((await refusal(() => new Outputs().check(pair))).problem).toBe("would be written over another result");
});

test("a link to a file is written through: the link stays, the file that it names is replaced", async () => {
  await write(dir, { "there/old.json": "{}" });
  await symlink("there/old.json", at("link.json"));
  await new Outputs().write({ path: at("link.json"), kind: "json" }, "[1]");
  expect(await readFile(at("there/old.json"), "utf8")).toBe("[1]");
  expect([...(await everything()).keys()].sort()).toEqual([at("link.json"), at("there"), at("there/old.json")]);
});

test("folders, links to nothing, circles, pipes, sockets, devices and own streams are refused in one line", async () => {
  await mkdir(at("folder"));
  await symlink(at("gone"), at("dangling"));
  await symlink(at("round"), at("round"));
  execFileSync("mkfifo", [at("pipe")]);
  const server = createServer().listen(at("socket"));
  await symlink("/dev/null", at("null"));
  const why = async (path: string): Promise<string> =>
    (await refusal(() => new Outputs(true).check([{ path, kind: "json" }]))).message.replaceAll(`${dir}/`, "");
  expect(await why(at("folder"))).toBe("folder: can't be written (it is a folder); give a file");
  expect(await why(at("dangling"))).toMatch(
    /^dangling: can't be written \(it is a link to gone, which does not exist\); /,
  );
  expect(await why(at("round"))).toMatch(/^round: can't be written \(it is a link that leads in a circle\); /);
  expect(await why(at("pipe"))).toMatch(/^pipe: can't be written \(it is a pipe\); /);
  expect(await why(at("socket"))).toMatch(/^socket: can't be written \(it is a socket\); /);
  for (const path of [at("null"), "/dev/null"])
    expect(await why(path)).toMatch(/can't be written \(it is a device\); /);
  expect(await why(at(`${"n".repeat(300)}.json`))).toMatch(/its name is too long/);
  server.close();
});

test("a disk that is read-only, and one that is full, are said as that", () => {
  const said = (code: string): string =>
    (fileError("x", Object.assign(new Error("?"), { code })) as SpadeError).problem;
  expect(said("EROFS")).toBe("can't be written (the disk is read-only)");
  expect(said("ENOSPC")).toBe("can't be written (the disk is full)");
});

test("a file that can't be put in its place leaves no part", async () => {
  await mkdir(at("x.safetensors/inner"), { recursive: true });
  await refusal(async () => writeSafetensors(await fileSink(at("x.safetensors")), [TENSOR]));
});

describe("commands", () => {
  const pairs = async (): Promise<{ label_dir: string; image_dir: string }> => {
    for (let i = 0; i < 2; i++)
      await write(dir, {
        [`label/${i}.png`]: labelPng(8, 8, (x) => x % 2),
        [`image/${i}.png`]: photoPng(8, 8, (x, y) => [x, y, i]),
      });
    return { label_dir: at("label"), image_dir: at("image") };
  };
  const net = async (name: string): Promise<string> => {
    await writeSafetensors(await fileSink(at(name)), [TENSOR]);
    return at(name);
  };
  const over = /would be written over /;

  test("convert", async () => {
    const path = await net("in.safetensors");
    await write(dir, { "labels.json": '[{"id":0,"name":"a","color":"#000000"}]', "x.pth": "notes" });
    await link(path, at("same.safetensors"));
    for (const force of [false, true])
      for (const out of [path, at("same.safetensors")])
        expect((await refusal(() => convert(path, out, { force }))).message).toMatch(/over the input; /);
    expect((await refusal(() => convert(path, at("x.pth")))).message).toMatch(/holds text, which a PyTorch checkpoint/);
    await convert(path, at("x.pth"), { force: true });
    await convert(path, at("x.pth"));
  });

  test("export", async () => {
    await copyFile(join(import.meta.dirname, "../../weights/street_net_G.safetensors"), at("net.safetensors"));
    await symlink(at("net.safetensors"), at("net.onnx"));
    for (const onnx of [at("net.safetensors"), at("net.onnx")]) {
      const o = { weights: at("net.safetensors"), onnx, overrides: {}, force: true };
      expect((await refusal(() => exportOnnx(o, silent()))).message).toMatch(/would be written over the weights/);
    }
  });

  test("generate: pictures, raw values and traces", async () => {
    const weights = await net("net.safetensors");
    const { label_dir } = await pairs();
    const o = { weights, label: [label_dir], overrides: {}, force: true };
    const one = { ...o, label: [at("label/0.png")] };
    for (const [options, message] of [
      [{ ...o, out: label_dir }, /over a label map/],
      [{ ...one, raw: weights }, /over the weights/],
      [{ ...one, out: at("x.png"), profile: weights }, /over the weights/],
    ] as const)
      expect((await refusal(() => generate(options, silent()).next())).message).toMatch(message);
  });

  test("dataset: the sheet and the list", async () => {
    const folders = await pairs();
    await write(dir, {
      "labels.json": '[{"id":0,"name":"a","color":"#000000"},{"id":1,"name":"b","color":"#ffffff"}]',
    });
    const look = (out: string, labels_out?: string, labels = ""): Promise<unknown> =>
      lookAtDataset({ ...folders, labels }, { out, labels_out, force: true }, silent());
    expect((await refusal(() => look(at("label/0.png")))).message).toMatch(over);
    expect((await refusal(() => look(at("image/1.png")))).message).toMatch(over);
    expect((await refusal(() => look(at("sheet.png"), at("label/1.png")))).message).toMatch(over);
    expect((await refusal(() => look(at("sheet.png"), at("labels.json"), at("labels.json")))).message).toMatch(over);
    expect((await refusal(() => look(at("sheet.png"), at("sheet.png")))).message).toMatch(over);
    const read = vi.fn();
    const progress = Object.assign(silent(), { update: read });
    await refusal(() => lookAtDataset(folders, { out: at("label/0.png") }, progress));
    expect(read).not.toHaveBeenCalled();
  });

  test("eval", async () => {
    const { label_dir, image_dir } = await pairs();
    await write(dir, { "seg.onnx": "no model" });
    const o = { label_dir, results: image_dir, segmenter: at("seg.onnx"), overrides: {} };
    for (const json of [at("label/0.png"), at("image/0.png"), at("seg.onnx")])
      expect((await refusal(() => evaluate({ ...o, json, force: true }, silent()))).message).toMatch(over);
  });

  test("coco-instances", async () => {
    const { label_dir } = await pairs();
    await write(dir, { "a.json": '{"images": [{"id": 1, "file_name": "0.jpg"}], "annotations": []}' });
    await mkdir(at("out"));
    await link(at("label/0.png"), at("out/0.png"));
    for (const out of [label_dir, at("out")])
      expect((await refusal(() => cocoInstances({ annotations: at("a.json"), label_dir, out, force: true }, silent()))).message).toMatch(/over a label map/); // prettier-ignore
  });
});
