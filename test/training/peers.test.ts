// What ranks agree on before and between steps: peers of this test alone, which answer what they are told.

import { describe, expect, test } from "vitest";
import type { Dataset } from "../../src/datasets/dataset.ts";
import { SpadeError } from "../../src/runtime/errors.ts";
import { withRoomsFor } from "../../src/training/folder/going_on.ts";
import { defaultOptions, type TrainOptions } from "../../src/training/options.ts";
import { agreed, ElsewhereError, firstAlone, isShared, together, type Peers } from "../../src/training/peers/peers.ts";
import { Communication } from "../../src/training/peers/report.ts";
import { checkSameRuns } from "../../src/training/peers/same_runs.ts";
import type { TableRoom } from "../../src/models/nets/table_room.ts";

/** Rank `rank` of two: the other one says `others` where numbers are compared. */
const peerOf = (rank: number, ...others: number[][]): Peers => ({
  ...{ rank, ranks: 2, sync_check: 0, exchange: (_, values) => Promise.resolve(values) },
  max: (values) => values.map((v, i) => Math.max(v, others[0]?.[i] ?? -Infinity)),
  gatherBytes: (own) => [own, own],
  spent: { few: { calls: 0, bytes: 0, ms: 0 }, gradients: { calls: 0, bytes: 0, ms: 0 } },
});

const wrong = new SpadeError("usage", "--x", "is wrong", "give y");
const failing = (): Promise<never> => Promise.reject(wrong);
const failure = (work: Promise<unknown>): Promise<unknown> => work.then(() => "no error", (error: unknown) => error); // prettier-ignore

describe("what every rank does by itself", () => {
  test("goes on if all have done it", async () => {
    expect(await together(undefined, () => Promise.resolve(1))).toBe(1);
    expect(await together(peerOf(1, [0]), () => Promise.resolve(1))).toBe(1);
    expect(await firstAlone(peerOf(0, [0]), () => Promise.resolve(1))).toBe(1);
    expect(await firstAlone(peerOf(1, [0]), failing)).toBeUndefined();
  });

  test("ends all with the error of the first that fails", async () => {
    // Rank 0 fails, or both do: it speaks.
    expect(await failure(together(peerOf(0, [1]), failing))).toBe(wrong);
    expect(await failure(together(peerOf(1, [2]), failing))).toBeInstanceOf(ElsewhereError);
    // Rank 1 alone.
    const own = await failure(together(peerOf(1, [0]), failing));
    expect((own as Error).message).toBe("rank 1, --x: is wrong; give y");
    const others = await failure(together(peerOf(0, [1]), () => Promise.resolve(1)));
    expect(others).toBeInstanceOf(ElsewhereError);
    expect([own, others, wrong, new Error("mine alone")].map(isShared)).toEqual([true, true, true, false]);
  });
});

test("a reason to stop and an error of one are everybody's", () => {
  expect(agreed(undefined, "signal")).toEqual({ reason: "signal", error: undefined });
  const silent = { ...peerOf(1), max: (values: readonly number[]) => [...values] };
  expect(agreed(silent, undefined)).toEqual({ reason: undefined, error: undefined });
  expect(agreed(silent, "max_steps").reason).toBe("max_steps");
  expect(agreed(silent, undefined, wrong).error?.message).toBe("rank 1, --x: is wrong; give y");
  // The other one has been asked to stop, and can't read its next batch.
  const stopping = { ...peerOf(1), max: ([v]: readonly number[]) => [Math.max(v, 3)] };
  expect(agreed(stopping, "max_minutes").reason).toBe("signal");
  expect(agreed(peerOf(1, [2]), undefined).error).toBeInstanceOf(ElsewhereError);
});

describe("ranks train one run", () => {
  const dataset = (names: string[]): Dataset =>
    ({ length: names.length, paths: (i: number) => ({ label: `/a/${names[i]}.png`, image: `/b/${names[i]}.jpg` }) }) as unknown as Dataset; // prettier-ignore
  const check = (
    change: (own: { version: string; options: Partial<TrainOptions>; pairs: number; names: string }) => void,
  ) => {
    const peers: Peers = {
      ...peerOf(0),
      gatherBytes(own) {
        const other = JSON.parse(new TextDecoder().decode(own)) as Parameters<typeof change>[0];
        change(other);
        return [own, new TextEncoder().encode(JSON.stringify(other))];
      },
    };
    return failure(checkSameRuns(peers, { ...defaultOptions }, dataset(["x", "y"]))).then(String);
  };

  test("if version, options and pictures are the same, wherever they lie", async () => {
    expect(await check(() => undefined)).toBe("no error");
    expect(await check((o) => void (o.options.lr = 0.5))).toContain("rank 1: has the lr 0.5, and rank 0 has 0.0002; give all ranks the same options"); // prettier-ignore
    expect(await check((o) => void (o.version = "9.9.9"))).toMatch(
      /rank 1: is version 9\.9\.9 .*; install one version/,
    );
    expect(await check((o) => void (o.pairs = 1))).toContain("rank 1: sees 1 pair, and rank 0 sees 2; give all machines the same data"); // prettier-ignore
    expect(await check((o) => void (o.names = "z"))).toContain("rank 1: sees pictures of other names than rank 0");
    // No option says where: a machine may have its data elsewhere.
    expect(await check((o) => expect(o.options.label_dir).toBeUndefined())).toBe("no error");
  });
});

test("table rooms of another number of pictures begin anew", () => {
  const room = (h: number, images: number, mode: TableRoom["mode"] = "lookup"): TableRoom => ({
    ...{ h, w: h, mode, inner: { name: "inner", capacity: images * h * h + 1 }, outer: { name: "outer", capacity: 1 } },
  });
  const state = (...plans: TableRoom[]) => ({ stepper: { plans, adam: { G: 1, D: 1 } } });
  const large = { ...room(64, 1), inner: { name: "inner", capacity: 512 } };
  const kept = state(room(4, 2), large);
  expect(withRoomsFor(kept, 2)).toBe(kept);
  expect(withRoomsFor(kept, 1).stepper).toEqual({ plans: [], adam: { G: 1, D: 1 } });
  expect(withRoomsFor(state(large, room(64, 2, "dense")), 1).stepper.plans).toEqual([]);
});

test("what exchanges took is told a step, from the second on", () => {
  const peers = peerOf(0);
  const told = new Communication(peers);
  expect(told.line(1)).toBeUndefined();
  told.step(1);
  expect(told.line(1)).toBeUndefined();
  Object.assign(peers.spent.few, { calls: 80, bytes: 4e6, ms: 1 });
  Object.assign(peers.spent.gradients, { calls: 4, bytes: 8e7, ms: 2 });
  expect(told.line(3)).toMatch(
    /with 1 other rank: statistics and losses 40 times, 2\.00 MB, 0\.5 ms .*; gradients 2 times, 40\.00 MB, 1\.0 ms/,
  );
});
