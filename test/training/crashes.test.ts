// A run that dies at any write of its records, and goes on: log, curves, events and page are those of a run that never stopped.

import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { beginningOf, forgetBeginning, noteBeginning } from "../../src/training/folder/beginning.ts";
import { defaultOptions } from "../../src/training/options.ts";
import { LossLog } from "../../src/training/records/loss_log.ts";
import { Records, type At } from "../../src/training/records/records.ts";

/** Writes that the process still makes before it dies; the one that it dies in adds half of what it was to add. */
const life = vi.hoisted(() => ({ left: Infinity, made: 0, armed: false }));

vi.mock("node:fs/promises", async (original) => {
  const fs = await original<typeof import("node:fs/promises")>();
  const mortal = <A extends unknown[], R>(
    work: (...args: A) => Promise<R>,
    last?: (...args: A) => Promise<unknown>,
  ) => {
    return async (...args: A): Promise<R> => {
      if (!life.armed) return work(...args);
      life.made++;
      if (life.left-- > 0) return work(...args);
      if (life.left === -1) await last?.(...args);
      throw new Error("dead");
    };
  };
  return {
    ...fs,
    appendFile: mortal(fs.appendFile, async (path, data) =>
      fs.appendFile(path, (typeof data === "string" ? Buffer.from(data) : (data as Uint8Array)).subarray(0, 20)),
    ),
    rename: mortal(fs.rename),
    rm: mortal(fs.rm),
    truncate: mortal(fs.truncate),
    mkdir: mortal(fs.mkdir as (path: string) => Promise<void>),
    copyFile: mortal(fs.copyFile),
  };
});

let folder = "";
const run = (...path: string[]): string => join(folder, "run", ...path);
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), "crashes-"))));
afterEach(async () => {
  life.armed = false;
  await rm(folder, { recursive: true, force: true });
});

const options = { ...defaultOptions, name: "run", label_nc: 3, niter: 1 };
const LAST = 600;
const at = (total: number): At => ({ epoch: 1, iters: total, total, step: total / 100, seconds: 0.5, lr: 1e-4 });
const shown = {
  labels: [{ data: Uint8Array.of(0, 1), width: 2, height: 1 }],
  fake: new Float32Array(6),
  real: new Float32Array(6),
  h: 1,
  w: 2,
};

/** As the trainer does it, with a number for a state: saved after 300 pictures and at the end. */
async function train(how: "new" | "continue"): Promise<void> {
  const o = { ...options, checkpoints_dir: folder };
  const begun = how === "continue" ? await beginningOf(run()) : undefined;
  const state =
    how === "continue" && !begun && existsSync(run("state")) ? Number(readFileSync(run("state"), "utf8")) : 0;
  if (!state) {
    if (!begun) await noteBeginning(run());
    rmSync(run("state"), { force: true });
  }
  const again = begun ?? (how === "continue" ? { log: 0 } : undefined);
  const records = await Records.open(o, undefined, state ? { total: state } : again && { total: 0, log: again.log });
  for (let total = state + 100; total <= LAST; total += 100) {
    await records.losses(at(total), { GAN: total });
    if (total === 200) await records.pictures(at(total), shown);
    if (total % 300) continue;
    writeFileSync(run("state"), String(total));
    await forgetBeginning(run());
  }
  await records.close();
}

/** What it has written, without times. */
async function written(): Promise<Record<string, unknown>> {
  const log = await readFile(run("loss_log.txt"), "utf8");
  return {
    log: log.replace(/\(\w{3} \w{3} .*\)/g, "(then)"),
    curves: await readFile(run("curves.jsonl"), "utf8"),
    page: (await readFile(run("web/data.js"), "utf8")).replace(/"updated":\d+/, ""),
    images: (await readdir(run("web/images"))).sort(),
  };
}

/** The writes of a run that nothing stops, and the records of one that dies at the nth and goes on. */
async function afterDeath(n: number, how: "new" | "continue"): Promise<boolean> {
  Object.assign(life, { left: n, made: 0, armed: true });
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const died = await train(how).then(
    () => life.left < 0,
    () => true,
  );
  life.armed = false;
  if (died) await train("continue");
  return died;
}

test.each(["in a folder of its own", "in the folder of an earlier run"])(
  "death at every write, %s",
  async (where) => {
    const earlier = async (): Promise<void> => {
      await rm(run(), { recursive: true, force: true });
      if (where === "in the folder of an earlier run") await train("new");
    };
    await earlier();
    await train("new");
    const whole = await written();
    expect(String(whole.log).match(/Training Loss/g)).toHaveLength(where === "in a folder of its own" ? 1 : 2);
    for (let n = 0; ; n++) {
      await earlier();
      if (!(await afterDeath(n, "new"))) break;
      // The first two make the folder and the note that it begins: without it the earlier run goes on, which is done.
      if (n < 2 && where !== "in a folder of its own") continue;
      expect(await written(), `death at write ${n}`).toEqual(whole);
    }
  },
  60_000,
);

test("a second death, while the run begins once more, changes nothing", async () => {
  await train("new");
  const whole = await written();
  for (let n = 0; n < 25; n++) {
    await rm(run(), { recursive: true });
    Object.assign(life, { left: 18, made: 0, armed: true });
    await train("new").catch(() => undefined);
    life.armed = false;
    expect(await beginningOf(run()), "nothing is saved").toBeDefined();
    await afterDeath(n, "continue");
    expect(await written(), `second death at write ${n}`).toEqual(whole);
  }
}, 60_000);

test("a header is never put behind a line that a kill cut", async () => {
  await writeFile(join(folder, "log"), "==== Training Loss (a) ====\n(epoch: 1, it");
  await LossLog.open(join(folder, "log"));
  expect((await readFile(join(folder, "log"), "utf8")).split("\n").map((line) => line.slice(0, 20))).toEqual([
    "==== Training Loss (",
    "================ Tra",
    "",
  ]);
});
