// The built train command under mpirun: killed and gone on with; what it says where ranks can't work together. Long form, SPADE_LONG=1: every MPI
// that is here, also asked to stop, and gone on with on four ranks and on one.

import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encode } from "fast-png";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodeLabelPng } from "../../src/formats/images/label_png.ts";
import { LONG, MPIS, root, start, TIMEOUT, USUAL, type Ran, type Running } from "./mpirun.ts";

const PAIRS = 8;
const SIDE = 48;
const STEPS = LONG ? 5 : 3;

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "spade-mpi-"));
  for (const folder of ["label", "image"]) await mkdir(join(dir, folder));
  for (let i = 0; i < PAIRS; i++) {
    const data = new Uint8Array(SIDE * SIDE).map((_, p) => Math.floor((p % SIDE) / (9 + i)) % 3);
    await writeFile(join(dir, "label", `${i}.png`), encodeLabelPng({ data, width: SIDE, height: SIDE }));
    const rgb = new Uint8Array(SIDE * SIDE * 3).map((_, k) => (data[Math.floor(k / 3)] * 90 + 40 * i + (k % 7)) & 255);
    const picture = encode({ width: SIDE, height: SIDE, data: rgb, channels: 3, depth: 8 });
    await writeFile(join(dir, "image", `${i}.png`), picture);
  }
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** The smallest net there is, with an encoder, crops and flips, saved at every step. */
const args = (name: string, ...more: string[]): string[] => [
  ...[join(root, "dist", "cli.js"), "train", "--name", name, "--checkpoints_dir", join(dir, "checkpoints")],
  ...["--label_dir", join(dir, "label"), "--image_dir", join(dir, "image"), "--label_nc", "3", "--no_instance"],
  ...["--load_size", "36", "--crop_size", "32", "--ngf", "1", "--ndf", "2", "--use_vae", "--z_dim", "4"],
  ...["--batchSize", "4", "--num_D", "1", "--n_layers_D", "2", "--no_vgg_loss", "--niter", "9"],
  ...["--save_latest_freq", "4", "--print_freq", "4", "--display_freq", "400", "--ema", "0.999", "--no_html"],
  ...["--max_steps", String(STEPS), "--sync_check", "1", ...more],
];

const nets = (name: string): Promise<Buffer[]> =>
  Promise.all(
    ["G", "D", "E"].map((role) => readFile(join(dir, "checkpoints", name, `latest_net_${role}.safetensors`))),
  );

/** The processes of a run that train: those of the command, or where it filters what its driver prints its children. */
async function trainers(mpirun: number): Promise<number[]> {
  const parents = new Map<number, number>();
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const [, parent] = readFileSync(`/proc/${entry}/stat`, "utf8")
        .replace(/^.*\) /s, "")
        .split(" ");
      parents.set(Number(entry), Number(parent));
    } catch {
      // It has ended.
    }
  }
  const below = (pid: number): number[] => {
    const children = [...parents].filter(([, parent]) => parent === pid).map(([child]) => child);
    return children.length ? children.flatMap(below) : [pid];
  };
  return below(mpirun).filter((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("cli.js"));
}

/** Waits until the run says so. */
async function heard(run: Running, moment: RegExp): Promise<void> {
  await expect.poll(() => run.said(), { timeout: 90_000, interval: 50 }).toMatch(moment);
}

const whole = async (run: Running): Promise<Ran> => {
  const ran = await run.ended;
  expect(ran.code, ran.stdout + ran.stderr).toBe(0);
  return ran;
};

describe.skipIf(!MPIS.length).each(USUAL)("$name", { timeout: TIMEOUT }, (mpi) => {
  const run = (ranks: number, name: string, ...more: string[]): Running => start(mpi, ranks, args(name, ...more));

  test("a run of which one rank is killed goes on to the same bytes", async () => {
    const name = (what: string): string => `${what}_${mpi.name.replace(" ", "")}`;
    const { stderr } = await whole(run(2, name("whole"), "--profile"));
    expect(stderr).toContain("8 pairs, 2 batches of 4 an epoch, 2 on each of 2 ranks");
    expect(stderr).toMatch(/exchanged with 1 other rank: statistics and losses \d+ times, .* %\); gradients 2 times/);
    const saved = await nets(name("whole"));

    const killed = run(2, name("parts"));
    await heard(killed, /saving the latest model \(epoch 1, total_steps 4\)/);
    const since = performance.now();
    process.kill((await trainers(killed.pid))[1], "SIGKILL");
    const ended = await killed.ended;
    expect(performance.now() - since).toBeLessThan(30_000);
    expect(ended.code).not.toBe(0);
    expect(ended.stdout + ended.stderr).toMatch(/the program was killed|signal 9/);

    if (LONG) {
      const stopped = run(2, name("parts"), "--continue_train");
      await heard(stopped, /total_steps 8\)/);
      process.kill((await trainers(stopped.pid))[1], "SIGTERM");
      const { stdout } = await whole(stopped);
      expect(stdout).toMatch(/^stopped(?: by --max_steps)? after [1-4] steps?: /m);
    }
    const { stderr: going, stdout } = await whole(run(2, name("parts"), "--continue_train"));
    expect(stdout).toMatch(/^to go on: mpirun -np 2 .*--continue_train$/m);
    expect(going).toMatch(/going on from .*step_\d+\.safetensors: epoch/);
    expect((await nets(name("parts"))).map((net, i) => net.equals(saved[i]))).toEqual([true, true, true]);

    // Each paints every second map.
    const folders = ["--checkpoints_dir", join(dir, "checkpoints"), "--results_dir", join(dir, "results")];
    const of = ["test", "--name", name("whole"), "--label_dir", join(dir, "label"), "--style", "mean", ...folders];
    const painted = await whole(start(mpi, 2, [join(root, "dist", "cli.js"), ...of]));
    expect(painted.stdout).toMatch(/^painted 8 label maps: /m);
    const page = await readFile(join(dir, "results", name("whole"), "test_latest", "index.html"), "utf8");
    expect([...page.matchAll(/<h3>(\d+)/g)].map(([, map]) => map).join("")).toBe("01234567");

    const more = ["--continue_train", "--max_steps", String(STEPS + 1)];
    for (const ranks of LONG ? [4, 1] : []) {
      const { stdout: last } = await whole(run(ranks, name("parts"), ...more));
      expect(last).toMatch(/stopped by --max_steps after 1 step:/);
      more[2] = String(Number(more[2]) + 1);
    }
  });

  test("doctor --ranks says who has what", async () => {
    const { stdout } = await whole(start(mpi, 2, [join(root, "dist", "cli.js"), "doctor", "--ranks"]));
    const [first, ...rows] = stdout.trimEnd().split("\n");
    expect(first).toMatch(/^2 ranks, (Open MPI v|MPICH Version)/);
    expect(
      rows.map((row) =>
        row
          .replace(/\d+(?=:)/, "N")
          .replace(/ {2,}\S+, its/, " HOST, its")
          .slice(0, 30),
      ),
    ).toEqual([
      expect.stringMatching(/^rank 0 HOST, its 0, process N/),
      expect.stringMatching(/^rank 1 HOST, its 1, process N/),
      expect.stringMatching(/^allreduce 8192 bytes /),
    ]);
  });

  test("what ranks can't do together is one line", async () => {
    const line = async (...more: string[]): Promise<string[]> => {
      const { code, stderr } = await run(2, "lines", ...more).ended;
      expect(code).not.toBe(0);
      return stderr.split("\n").filter((text) => text.startsWith("error: "));
    };
    expect(await line("--batchSize", "3")).toEqual([
      "error: --batchSize 3: can't be divided among 2 ranks: it counts the pictures of all; give a multiple of 2",
    ]);
    expect(await line("--gpu_ids", "0,,")).toEqual(["error: rank 1, --gpu_ids 0,,: has none for rank 2 of this machine; give one for each rank of a machine, or start fewer"]); // prettier-ignore
  });

  test("a rank that can't join is one line, and ends the others, which wait for it", async () => {
    const own = ["PMI_RANK", "OMPI_COMM_WORLD_RANK"].map((name) => `process.env.${name}==="1"`).join("||");
    const alone = ["--import", `data:text/javascript,if(${own})process.env.SPADE_MPI="/nowhere/libmpi.so"`];
    const { code, stderr } = await start(mpi, 2, [...alone, ...args("lines")]).ended;
    expect(code).not.toBe(0);
    expect(stderr.split("\n").filter((text) => text.startsWith("error: "))).toEqual([
      expect.stringMatching(/^error: MPI: has started 2 ranks, and its library can't be loaded/),
    ]);
  });
});
