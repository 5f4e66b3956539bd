// src/node/mpi.ts alone, under each MPI that is here.

import { execFileSync } from "node:child_process";
import { beforeAll, describe, expect, test } from "vitest";
import { candidates, checkPipe, mpiLaunch, mpiPipe } from "../../src/node/mpi_launch.ts";
import { byRank, MPIS, program, start } from "./mpirun.ts";

/** What test/mpi/programs/libc.ts prints. */
interface Starts {
  starts: Record<string, string>;
}

const OPEN = { OMPI_COMM_WORLD_SIZE: "4", OMPI_COMM_WORLD_RANK: "3", OMPI_COMM_WORLD_LOCAL_RANK: "1" };

test("who has started this process stands in the environment", () => {
  expect(mpiLaunch({})).toBeUndefined();
  expect(mpiLaunch(OPEN)).toEqual({ kind: "openmpi", ranks: 4, rank: 3, local: 1 });
  expect(mpiLaunch({ ...OPEN, OMPI_COMM_WORLD_SIZE: "1" })).toBeUndefined();
  expect(mpiLaunch({ PMI_SIZE: "2", PMI_RANK: "0", MPI_LOCALRANKID: "0", SPADE_MPI: "/opt/libmpi.so" })).toEqual({
    ...{ kind: "mpich", ranks: 2, rank: 0, local: 0, library: "/opt/libmpi.so" },
  });
  expect(mpiLaunch({ SLURM_NTASKS: "2", PMIX_RANK: "1", SLURM_LOCALID: "0" })).toEqual({
    ...{ kind: undefined, ranks: 2, rank: 1, local: 0 },
  });
  // A batch job's own process is no rank.
  expect(mpiLaunch({ SLURM_NTASKS: "2" })).toBeUndefined();
});

test("an mpirun has its library, unless the user names one", () => {
  const launch = { ranks: 2, rank: 0, local: 0 };
  expect(candidates({ ...launch, kind: "openmpi" }, "linux")[0]).toBe("libmpi.so.40");
  expect(candidates({ ...launch, kind: "mpich" }, "linux")[0]).toBe("libmpich.so.12");
  expect(candidates({ ...launch, kind: undefined }, "linux")).toContain("libmpich.so.12");
  expect(candidates({ ...launch, kind: "mpich", library: "/opt/libmpi.so" }, "linux")).toEqual(["/opt/libmpi.so"]);
});

test("a pipe of MPICH that npx has closed is an error that says so", () => {
  expect(mpiPipe({ PMI_FD: "7" })).toBe(7);
  expect(mpiPipe({})).toBeUndefined();
  checkPipe({});
  expect(() => checkPipe({ PMI_FD: "9999" })).toThrow(/npx\) has closed its pipe; start the program itself/);
});

describe.skipIf(!MPIS.length).each(MPIS)("$name", (mpi) => {
  let calls: string;
  beforeAll(async () => void (calls = await program("calls.ts")));

  test("every call gives on each rank what it says", async () => {
    const ran = await start(mpi, 3, [calls]).ended;
    expect(ran.code, ran.stdout + ran.stderr).toBe(0);
    const same = {
      ranks: 3,
      f32: [30, 33, 36],
      f64: 1 + 2 ** -39,
      max: [20, 21],
      gathered: [[0], [1, 1], [2, 2, 2]],
      sent: [1],
    };
    expect(byRank(ran)).toEqual(
      [0, 1, 2].map((rank) => {
        const parts = [0, 1, 2].flatMap((from) => [100 * from + 2 * rank, 100 * from + 2 * rank + 1]);
        return { rank, ...same, all: [4.5, 4.5, parts, [0, 50, 1, 51, 2, 52]] };
      }),
    );
  });

  test.skipIf(process.platform !== "linux")("the process keeps libc's own functions of memory", async () => {
    const libc = await program("libc.ts");
    const own = JSON.parse(execFileSync(process.execPath, [libc], { encoding: "utf8" })) as Starts;
    expect(Object.keys(own.starts)).toContain("brk");
    const found = async (env: Readonly<Record<string, string>>): Promise<Starts[]> => {
      const ran = await start(mpi, 2, [libc], env).ended;
      expect(byRank(ran), ran.stdout + ran.stderr).toHaveLength(2);
      return byRank(ran) as Starts[];
    };
    for (const { starts } of await found({})) expect(starts).toEqual(own.starts);
    // So that this test can fail: as the library has it by itself. That of Open MPI needs no UCX between ranks of one machine.
    if (mpi.name !== "MPICH") return;
    for (const { starts } of await found({ UCX_MEM_EVENTS: "y" })) expect(starts.brk).not.toBe(own.starts.brk);
  });

  test("an abort ends the ranks that wait", async () => {
    const { code, stdout } = await start(mpi, 2, [calls, "abort"]).ended;
    expect([code, stdout.includes('"rank"')]).toEqual([3, false]);
  });

  test("a call that fails is an error with MPI's own words", async () => {
    const ran = await start(mpi, 2, [calls, "fail"]).ended;
    for (const line of byRank(ran)) expect(line).toMatchObject({ error: expect.stringMatching(/^MPI_Bcast: failed \(.*root/i) as string }); // prettier-ignore
    expect(byRank(ran), ran.stdout + ran.stderr).toHaveLength(2);
  });

  test("a library that is not there, or of another mpirun, is one clear line", async () => {
    const gone = byRank(await start(mpi, 2, [calls], { SPADE_MPI: "/nowhere/libmpi.so" }).ended);
    expect(gone).toHaveLength(2);
    for (const line of gone)
      expect(line).toMatchObject({
        error: expect.stringMatching(
          /^MPI: has started 2 ranks, and its library can't be loaded \(.*nowhere.*\); install/,
        ) as string,
      });
    const other = MPIS.find(({ name }) => name !== mpi.name);
    if (!other) return;
    const SPADE_MPI = other.name === "MPICH" ? "libmpich.so.12" : "libmpi.so.40";
    const wrong = byRank(await start(mpi, 2, [calls], { SPADE_MPI }).ended);
    expect(wrong).toHaveLength(2);
    for (const line of wrong)
      expect(line).toMatchObject({ error: expect.stringMatching(/does not know the mpirun that started these 2 ranks/) as string }); // prettier-ignore
  });
});
