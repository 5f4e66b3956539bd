// Training steps over MPI: the same bits on all ranks, which are nearly those of one process with the whole batch. Long form, SPADE_LONG=1: every
// MPI that is here, and four ranks.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { scratch } from "../datasets/folders.ts";
import { testDevice } from "../support/device.ts";
import { HALVES_GRADIENT_NORM, LOSS_RELATIVE, PEERS_GRADIENT_NORM } from "../tolerances.ts";
import { LONG, MPIS, program, start, TIMEOUT, USUAL } from "./mpirun.ts";
import { open, trained, type Found } from "./small.ts";

interface OfRank extends Found {
  rank: number;
  drift: string;
  spent: Record<"few" | "gradients", [calls: number, bytes: number]>;
}

const norm = (v: readonly number[]): number => Math.hypot(...v);
const apart = (a: readonly number[], b: readonly number[]): number => norm(a.map((x, i) => x - b[i])) / norm(b);

describe.skipIf(!MPIS.length).each(USUAL)("$name", { timeout: TIMEOUT }, (mpi) => {
  let step: string;
  beforeAll(async () => void (step = await program("step.ts")));
  const run = async (ranks: number, ...how: string[]): Promise<OfRank[]> => {
    const folder = await scratch();
    const ran = await start(mpi, ranks, [step, folder, ...how]).ended;
    expect(ran.code, ran.stdout + ran.stderr).toBe(0);
    const read = async (rank: number): Promise<OfRank> =>
      JSON.parse(await readFile(join(folder, `${rank}.json`), "utf8")) as OfRank;
    const found = await Promise.all(Array.from({ length: ranks }, (_, rank) => read(rank)));
    for (const { rank, spent, ...rest } of found) {
      expect(rank).toBeLessThan(ranks);
      expect({ spent, ...rest }).toEqual({ ...found[0], rank: undefined });
    }
    return found;
  };
  /** One process with the formula of several. */
  const inOne = async (images: number): Promise<Found> => {
    const stepper = await open(await testDevice(), images, { exchange: (_, given) => Promise.resolve(given) });
    try {
      return await trained(stepper, 0);
    } finally {
      stepper.dispose();
    }
  };

  test.each(LONG ? [2, 4] : [2])(
    "%i ranks compute what one process does with all pictures; halves are near it, in half the bytes; drifts are found",
    async (ranks) => {
      const [plain] = await run(ranks);
      const one = await inOne(ranks);
      expect(plain.drift).toBe("");
      expect(apart(plain.gradient, one.gradient)).toBeLessThan(PEERS_GRADIENT_NORM);
      for (const [name, loss] of Object.entries(one.losses[0]))
        expect(Math.abs(plain.losses[0][name] / loss - 1)).toBeLessThan(LOSS_RELATIVE);
      const [halves] = await run(ranks, "f16");
      expect(halves.drift).toMatch(
        /^weights after step 2: differ on rank 1 from those of rank 0; give all ranks adapters/,
      );
      expect(apart(halves.gradient, one.gradient)).toBeLessThan(HALVES_GRADIENT_NORM);
      expect(apart(halves.gradient, one.gradient)).toBeGreaterThan(0);
      const [calls, bytes] = plain.spent.gradients;
      expect(halves.spent).toEqual({ few: plain.spent.few, gradients: [calls, bytes / 2] });
    },
  );
});
