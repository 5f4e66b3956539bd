// A run that is killed at any moment and gone on with ends in the bytes of one that never stopped: the built command, a real kill.

import { execFile, spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { encode } from "fast-png";
import { afterAll, beforeAll, expect, test } from "vitest";
import { encodeLabelPng } from "../../src/formats/images/label_png.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const PAIRS = 6;
const SIDE = 48;
const STEPS = 7;

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "spade-resume-"));
  for (const folder of ["label", "image"]) await mkdir(join(dir, folder));
  for (let i = 0; i < PAIRS; i++) {
    const data = new Uint8Array(SIDE * SIDE).map((_, p) => Math.floor((p % SIDE) / (9 + i)) % 3);
    await writeFile(join(dir, "label", `${i}.png`), encodeLabelPng({ data, width: SIDE, height: SIDE }));
    const rgb = new Uint8Array(SIDE * SIDE * 3).map((_, k) => (data[Math.floor(k / 3)] * 90 + 40 * i + (k % 7)) & 255);
    await writeFile(
      join(dir, "image", `${i}.png`),
      encode({ width: SIDE, height: SIDE, data: rgb, channels: 3, depth: 8 }),
    );
  }
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** The smallest net there is, with an encoder, crops and flips, saved at every other step. */
const args = (name: string): string[] => [
  join(root, "dist", "cli.js"),
  "train",
  ...["--name", name, "--checkpoints_dir", join(dir, "checkpoints"), "--dataset_mode", "custom"],
  ...["--label_dir", join(dir, "label"), "--image_dir", join(dir, "image"), "--label_nc", "3", "--no_instance"],
  ...[
    "--load_size",
    "36",
    "--crop_size",
    "32",
    "--ngf",
    "1",
    "--ndf",
    "2",
    "--use_vae",
    "--z_dim",
    "4",
    "--batchSize",
    "2",
  ],
  ...["--num_D", "1", "--n_layers_D", "2", "--no_vgg_loss", "--niter", "9", "--save_latest_freq", "4"],
  ...["--ema", "0.999", "--print_freq", "2", "--display_freq", "4", "--max_steps", String(STEPS)],
];

const run = (name: string, ...more: string[]): Promise<string> =>
  new Promise((resolve, reject) =>
    execFile(process.execPath, [...args(name), ...more], (error, stdout, stderr) =>
      error ? reject(new Error(`${error.message}\n${stdout}${stderr}`)) : resolve(stdout),
    ),
  );

/** Runs until a line says so, then kills -9. */
function killAt(name: string, moment: RegExp, ...more: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...args(name), ...more], { stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    const hear = (chunk: Buffer): void => {
      said += chunk.toString();
      if (moment.test(said)) child.kill("SIGKILL");
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.on("close", (_, signal) =>
      signal === "SIGKILL" ? resolve() : reject(new Error(`not killed at ${moment}:\n${said}`)),
    );
  });
}

/** Every saved byte by its path; the log without the moments that its lines name. */
async function saved(name: string): Promise<Map<string, string>> {
  const folder = join(dir, "checkpoints", name);
  const files = (await readdir(folder, { recursive: true })).filter((f) =>
    /\.safetensors$|iter\.txt$|loss_log\.txt$/.test(f),
  );
  const out = new Map<string, string>();
  for (const f of files.sort()) {
    const bytes = await readFile(join(folder, f));
    const text = bytes
      .toString("utf8")
      .replace(/Training Loss \(.*\)/g, "")
      .replace(/time: [\d.]+/g, "");
    out.set(f, f.endsWith(".txt") ? text : bytes.toString("base64"));
  }
  return out;
}

test("killed before anything is saved, and again later, a run ends in the bytes of one that never stopped", async () => {
  const whole = await run("whole");
  expect(whole).toContain("--max_steps");
  await killAt("killed", /pairs,/);
  await killAt("killed", /saving the latest model.*total_steps 8/s, "--continue_train");
  await run("killed", "--continue_train");
  const [a, b] = [await saved("whole"), await saved("killed")];
  expect([...b.keys()]).toEqual([...a.keys()]);
  expect([...a.keys()].filter((f) => f.startsWith("state"))).toHaveLength(2);
  for (const [f, bytes] of a) expect(b.get(f) === bytes, f).toBe(true);
}, 300_000);

test("SIGTERM finishes the step, saves and leaves with 0", async () => {
  const long = ["--max_steps", "500", "--niter", "500"];
  const child = spawn(process.execPath, [...args("term"), ...long], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (/step 2\//.test(said) && !child.killed) child.kill("SIGTERM");
    });
  expect(await ended, said).toBe(0);
  expect(said).toContain("--continue_train");
  expect([...(await saved("term")).keys()].some((f) => f.startsWith("state"))).toBe(true);
}, 300_000);
