// spade train: data, nets, loop, records and checkpoints put together. Everything that a person sees goes through `ui`.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SpadeError, type Device } from "../runtime/index.ts";
import type { Label } from "../formats/label_names.ts";
import { makeFolder } from "../formats/file.ts";
import { runLoop, type BatchSource, type LoopHooks } from "./loop.ts";
import { netMetadata, writeNet } from "./net_files.ts";
import type { TrainOptions } from "./options.ts";
import { openSession, runFolder, stateFolder, type Session } from "./session.ts";
import { takeSnapshot, writeSnapshot, type Snapshot } from "./state.ts";
import type { TrainResult, TrainUi } from "./ui.ts";

/** Writes the state, and the nets under `latest` and, at an epoch's end, under its number. */
async function save(
  o: TrainOptions,
  session: Session,
  labels: readonly Label[] | undefined,
  ended: number | undefined,
): Promise<Snapshot> {
  const { nets, stepper, styles, position } = session;
  const snapshot = await takeSnapshot(stepper, nets, styles, position);
  await writeSnapshot(stateFolder(o), snapshot);
  const metadata = netMetadata(o, labels, styles, position);
  for (const which of ["latest", ...(ended === undefined ? [] : [String(ended)])]) {
    for (const role of ["G", "D", "E"] as const) {
      const p = nets[role];
      if (p) await writeNet(runFolder(o), which, role, p, metadata, o.save_pth);
    }
  }
  // As published: epoch, and pictures of it.
  await writeFile(join(runFolder(o), "iter.txt"), `${position.epoch}\n${position.batch * o.batchSize}\n`);
  return snapshot;
}

export async function trainOn(
  o: TrainOptions,
  ui: TrainUi,
  device: Device,
  source: BatchSource,
  labels: readonly Label[] | undefined,
): Promise<TrainResult> {
  await makeFolder(runFolder(o));
  const session = await openSession(device, o, (line) => ui.say(line));
  const first = session.position.step;
  let snapshot: Snapshot | undefined;
  const hooks: LoopHooks = {
    async step() {
      if (o.snapshot_freq > 0 && session.position.step % o.snapshot_freq === 0)
        snapshot = await takeSnapshot(session.stepper, session.nets, session.styles, session.position);
    },
    async save(ended) {
      snapshot = await save(o, session, labels, ended);
      ui.say(`saved ${runFolder(o)} (epoch ${session.position.epoch}, step ${session.position.step})`);
    },
    async epoch() {},
    async diagnose(batch, losses) {
      const bad = Object.keys(losses).filter((name) => !Number.isFinite(losses[name]));
      return new SpadeError(
        "integrity",
        `step ${session.position.step + 1}, loss ${bad.join(", ")}`,
        `is ${losses[bad[0]]} on ${batch.paths.join(", ")}`,
        "lower --lr, and go on from the last checkpoint with --continue_train",
      );
    },
  };
  try {
    const reason = await runLoop(o, session, source, ui, hooks);
    return { reason, steps: session.position.step - first, folder: runFolder(o) };
  } catch (error) {
    if (!(error instanceof SpadeError) || error.code !== "device-lost") throw error;
    if (snapshot) await writeSnapshot(stateFolder(o), snapshot);
    throw new SpadeError(
      "device-lost",
      error.where,
      `${error.problem}; ${snapshot ? `the state of step ${snapshot.position.step} is saved in ${stateFolder(o)}` : "nothing was trained yet"}`,
      "go on with the same command and --continue_train",
      error,
    );
  } finally {
    session.dispose();
  }
}
