// The lock of a run's folder: one process has it, a dead one keeps none, and of many that come at once exactly one gets it.

import { spawn, type ChildProcess } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { lockRun } from "../../src/training/folder/lock.ts";

let dir = "";
let folder = "";
let rounds = 0;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "lock-"));
  const lock = JSON.stringify(join(import.meta.dirname, "../../src/training/folder/lock.ts"));
  // Takes the lock, reports the outcome, and runs until its stdin asks it to end.
  const contents = `import { lockRun } from ${lock};
    process.stdin.once("data", async () => {
      let release;
      try { release = await lockRun(process.argv[2]); console.log("got"); } catch (e) { console.log(e.message); process.exit(1); }
      process.stdin.once("data", async () => { await release(); process.exit(0); });
    });
    console.log("ready");`;
  const stdin = { contents, loader: "ts", resolveDir: dir } as const;
  await build({
    stdin,
    bundle: true,
    platform: "node",
    format: "esm",
    outfile: join(dir, "one.mjs"),
    logLevel: "error",
  });
});
afterAll(() => rm(dir, { recursive: true, force: true }));
beforeEach(async () => {
  folder = join(dir, `run${rounds++}`);
  await mkdir(folder);
});

const path = (): string => join(folder, "run.lock");

/** A process that may take the lock, and its next line. */
function start(): { child: ChildProcess; line: () => Promise<string>; go: () => void; ended: Promise<unknown> } {
  const child = spawn(process.execPath, [join(dir, "one.mjs"), folder], { stdio: ["pipe", "pipe", "inherit"] });
  // Who did not get it has ended.
  child.stdin!.on("error", () => undefined);
  const lines: string[] = [];
  let wake = (): void => undefined;
  child.stdout!.on("data", (text) => {
    lines.push(...String(text).trim().split("\n"));
    wake();
  });
  const line = async (): Promise<string> => {
    while (!lines.length) await new Promise<void>((resolve) => (wake = resolve));
    return lines.shift()!;
  };
  const ended = new Promise((resolve) => child.on("close", resolve));
  return { child, line, go: () => void child.stdin!.write("go\n"), ended };
}

async function winner(): Promise<ReturnType<typeof start>> {
  const one = start();
  await one.line();
  one.go();
  expect(await one.line()).toBe("got");
  return one;
}

test("who comes second hears who is there; at the end nothing is left", async () => {
  const one = await winner();
  await expect(lockRun(folder)).rejects.toThrow(
    `is in use: process ${one.child.pid} on ${hostname()} trains there since 20`,
  );
  expect(await readdir(folder)).toEqual(["run.lock"]);
  one.go();
  await one.ended;
  expect(await readdir(folder)).toEqual([]);
});

test("a killed process keeps no lock, nor one whose number was given anew", async () => {
  const one = await winner();
  one.child.kill("SIGKILL");
  await one.ended;
  const release = await lockRun(folder);
  const own = JSON.parse(await readFile(path(), "utf8")) as object;
  await expect(lockRun(folder)).rejects.toThrow(`process ${process.pid} `);
  await release();
  // Our own number, of a process that started at another time.
  await writeFile(path(), JSON.stringify({ ...own, start: "1", token: "0123456789abcdef" }));
  await (
    await lockRun(folder)
  )();
  expect(await readdir(folder)).toEqual([]);
});

test("of another machine, another boot or another container what counts is when the lock was touched", async () => {
  await (
    await lockRun(folder)
  )();
  const other = {
    token: "0123456789abcdef",
    pid: process.pid,
    host: "elsewhere",
    machine: "x",
    start: "1",
    since: "2026",
  };
  for (const owner of [other, { ...other, host: hostname() }]) {
    await writeFile(path(), JSON.stringify(owner));
    await expect(lockRun(folder)).rejects.toThrow(/a dead run there lets go after 3 minutes/);
    const before = Date.now() / 1000 - 200;
    await utimes(path(), before, before);
    await (
      await lockRun(folder)
    )();
  }
});

test("a lock that says nothing is one that begins, or, after a while, none", async () => {
  for (const text of ["", "no JSON", '{"pid":-1}']) {
    await writeFile(path(), text);
    await expect(lockRun(folder)).rejects.toThrow(/another run begins there/);
    const before = Date.now() / 1000 - 200;
    await utimes(path(), before, before);
    await (
      await lockRun(folder)
    )();
  }
});

test("a lock that another process has taken over is not removed at the end", async () => {
  const release = await lockRun(folder);
  await writeFile(`${path()}.x`, "another's");
  await rm(path());
  await writeFile(path(), "another's");
  await release();
  expect(await readFile(path(), "utf8")).toBe("another's");
});

test.each([
  "in an empty folder",
  "over a dead run's lock",
  "over a dead run's lock that a dead process was taking over",
])(
  "of many that come at once exactly one gets it, %s",
  async (where) => {
    for (let round = 0; round < 2; round++) {
      folder = join(dir, `race${rounds++}`);
      await mkdir(folder);
      if (where !== "in an empty folder") {
        const dead = await winner();
        dead.child.kill("SIGKILL");
        await dead.ended;
        const lock = await readFile(path(), "utf8");
        const { token } = JSON.parse(lock) as { token: string };
        if (where.endsWith("taking over"))
          await writeFile(`${path()}.${token}`, lock.replace(token, "fedcba9876543210"));
      }
      const all = Array.from({ length: 5 }, start);
      for (const one of all) await one.line();
      for (const one of all) one.go();
      const lines = await Promise.all(all.map((one) => one.line()));
      expect(
        lines.filter((line) => line === "got"),
        lines.join("\n"),
      ).toHaveLength(1);
      for (const line of lines)
        expect(line).toMatch(/^got$|is in use: process \d+ on .+; wait for its end, stop it \(kill \d+\)/);
      for (const one of all) {
        one.go();
        await one.ended;
      }
      expect(await readdir(folder)).toEqual([]);
    }
  },
  60_000,
);
