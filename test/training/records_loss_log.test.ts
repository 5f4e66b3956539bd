import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { logLine, LossLog } from "../../src/training/records/loss_log.ts";
import { failure } from "../formats/helpers.ts";

const at = (epoch: number, iters: number) => ({ epoch, iters, total: 0, step: 0, seconds: 0.25, lr: 2e-4 });

let folder = "";
let path = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "records-log-"));
  path = join(folder, "loss_log.txt");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("a line is the published one: its order, three digits, a space at the end", () => {
  const losses = { D_real: 1, VGG: 4.5678, GAN: -0.0004, GAN_Feat: 10.12345, D_Fake: 0.5, KLD: 2, extra: 7 };
  expect(logLine({ ...at(3, 1200), seconds: 0.0624 }, losses)).toBe(
    "(epoch: 3, iters: 1200, time: 0.062) " +
      "KLD: 2.000 GAN: -0.000 GAN_Feat: 10.123 VGG: 4.568 D_Fake: 0.500 D_real: 1.000 extra: 7.000 ",
  );
});

// Values of Python 3.11: '%.3f' % x
test.each([
  [0.0625, "0.062"],
  [0.1875, "0.188"],
  [-0.0625, "-0.062"],
  [-0.1875, "-0.188"],
  [3.0625, "3.062"],
  [0.0005, "0.001"],
  [1.0005, "1.000"],
  [-0, "-0.000"],
  [123456.7891, "123456.789"],
  [NaN, "nan"],
  [Infinity, "inf"],
  [-Infinity, "-inf"],
])("%s is printed as Python does", (x, text) => {
  expect(logLine(at(1, 1), { GAN: x })).toBe(`(epoch: 1, iters: 1, time: 0.250) GAN: ${text} `);
});

test("every start appends a header with the local time, as ctime writes it", async () => {
  await (await LossLog.open(path)).add(at(1, 4), { GAN: 1 });
  await LossLog.open(path);
  const lines = (await readFile(path, "utf8")).split("\n");
  const stamp = "(Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ 1-3]\\d \\d\\d:\\d\\d:\\d\\d \\d{4}";
  const header = new RegExp(`^================ Training Loss \\(${stamp}\\) ================$`);
  expect(lines).toEqual([
    expect.stringMatching(header),
    "(epoch: 1, iters: 4, time: 0.250) GAN: 1.000 ",
    expect.stringMatching(header),
    "",
  ]);
});

test("a resumed log loses what came after its checkpoint and the line that a kill cut, and gets no second header", async () => {
  const older =
    "================ Training Loss (older) ================\n(epoch: 2, iters: 4, time: 1.000) GAN: 9.000 \n";
  await writeFile(path, older);
  const log = await LossLog.open(path);
  for (const [epoch, iters] of [
    [1, 4],
    [1, 8],
    [2, 4],
  ])
    await log.add(at(epoch, iters), { GAN: epoch });
  const kept = (await readFile(path, "utf8")).split("\n").slice(0, 6).join("\n") + "\n";
  await log.add(at(2, 8), { GAN: 3 });
  await appendFile(path, "(epoch: 2, iters: 12, ti");
  // The place 2, 4 of the older run is not meant.
  await LossLog.open(path, {
    dropped: [
      { epoch: 2, iters: 8 },
      { epoch: 2, iters: 12 },
    ],
  });
  expect(await readFile(path, "utf8")).toBe(kept);
  await LossLog.open(path, { dropped: [] });
  expect(await readFile(path, "utf8")).toBe(kept);
  await LossLog.open(path, { dropped: [{ epoch: 1, iters: 4 }] });
  expect((await readFile(path, "utf8")).split("\n").length).toBe(4);
});

test("a folder that is gone is said by path", async () => {
  const log = await LossLog.open(path);
  await rm(folder, { recursive: true });
  expect(await failure(() => log.add(at(1, 1), { GAN: 1 }))).toMatchObject({ code: "file", where: path });
});
