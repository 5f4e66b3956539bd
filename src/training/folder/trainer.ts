// spade train: puts data, nets, loop, records and checkpoints together. All output goes to `ui` or to files under checkpoints_dir/name.

import { join } from "node:path";
import { labelsFor } from "../../datasets/names.ts";
import { FRECHET_NAME } from "../../evaluation/frechet.ts";
import { makeFolder, removeParts, replaceFile } from "../../formats/file.ts";
import type { Label } from "../../pictures/label_names.ts";
import { outputSize } from "../../models/kinds.ts";
import { profileTable, SpadeError, type Device } from "../../runtime/index.ts";
import { forgetBeginning } from "./beginning.ts";
import { due, runLoop, type LoopHooks, type StepReport } from "../loop.ts";
import { lockRun } from "./lock.ts";
import { describeTrainingMemory } from "../step/memory.ts";
import { dropOldNets, writeNet } from "./net_files.ts";
import type { TrainOptions } from "../options.ts";
import { firstAlone, together, type Peers } from "../peers/peers.ts";
import { Communication } from "../peers/report.ts";
import { checkSameRuns } from "../peers/same_runs.ts";
import { checkSame } from "../peers/same_weights.ts";
import { following, LOWER_RATE } from "./follower.ts";
import { Records, type At, type RecordsFrom } from "../records/records.ts";
import { openSession, runFolder, stateFolder } from "./open_run.ts";
import type { FolderRun } from "../run.ts";
import { savedVariants, writeSnapshot } from "./state_files.ts";
import { netMetadata } from "../saved_net.ts";
import { takeSnapshot, type Snapshot } from "../state.ts";
import { brokenStep } from "../one_step.ts";
import type { Prepared } from "../step/stepper.ts";
import type { TrainResult, TrainUi } from "../ui.ts";
import type { Validation } from "../validation.ts";
import { openData, openValidation } from "./open_data.ts";
import { Opened } from "./opened.ts";

/**
 * Trains to the end, to a limit, or to a signal, and saves. It also saves before it throws because the next batch can't be read.
 * @param peers other processes that train the run too: of every batch each takes its part, and rank 0 alone speaks and writes
 * @param openDevice called after the data is checked, with the plan of variants that the run was trained with, if it had one
 * @throws SpadeError usage, file, label, shape: options or data, or another run in the same folder; integrity: a loss that is not a number; device-lost: with the last
 *   snapshot saved
 */
export async function train(
  o: TrainOptions,
  ui: TrainUi,
  openDevice: (variants?: Readonly<Record<string, string>>) => Promise<Device>,
  peers?: Peers,
): Promise<TrainResult> {
  const opened = new Opened();
  const say = (line: string): void => {
    if (!peers?.rank) ui.say(line);
  };
  try {
    const { dataset, loader } = await together(peers, () => openData(o, opened, ui, say, peers));
    if (peers) await together(peers, () => checkSameRuns(peers, o, dataset));
    const labels = labelsFor(o);
    await firstAlone(peers, async () => {
      await makeFolder(runFolder(o));
      opened.add(await lockRun(runFolder(o)), (release) => release());
      for (const folder of [runFolder(o), stateFolder(o)]) await removeParts(folder);
    });
    const device = await together(peers, async () => {
      const latest = o.continue_train && o.which_epoch === "latest";
      const variants = latest ? await savedVariants(stateFolder(o)) : undefined;
      return opened.add(await openDevice(variants), (d) => d.dispose());
    });
    const open = async (): Promise<FolderRun> =>
      opened.add(await openSession(device, o, say, peers), (s) => s.dispose());
    const own = await firstAlone(peers, open);
    // The others find in the folder how rank 0 begins.
    const session = await together(peers, async () => own ?? open());
    const { position, options } = session;
    if (peers) await together(peers, () => checkSame(peers, session.nets, position.step));

    const run = await firstAlone(peers, async () => {
      const records = opened.add(await Records.open(options, labels, recordsFrom(session)), (r) => r.close());
      const validation = await openValidation(device, o);
      if (validation) opened.add(validation, (v) => v.dispose());
      const of = new Run(options, ui, session, records, validation, labels);
      if (session.resumed) await of.rewriteNets();
      session.stepper.onCompile = (...progress) => ui.compiling?.(...progress);
      return of;
    });
    const first = position.step;
    const source = {
      batchesPerEpoch: loader.length,
      batches: (epoch: number, from: number) => loader.batches(epoch, from),
    };
    const begun = performance.now();
    const loop = (hooks: LoopHooks): ReturnType<typeof runLoop> => runLoop(options, session, source, ui, hooks);
    const { reason, waited } = await (run ? run.guarded(() => loop(run)) : loop(following(session)));
    await run?.ended();
    if (o.profile && run) {
      ui.say(waiting(waited, performance.now() - begun));
      for (const p of await session.stepper.profile()) sayLines(ui, profileTable(p));
    }
    return { reason, steps: position.step - first, folder: runFolder(o) };
  } finally {
    await opened.close();
  }
}

/** Where the records go on; undefined where they begin. */
function recordsFrom({ position, begunAgain }: FolderRun): RecordsFrom | undefined {
  if (position.step > 0) return { total: position.pictures };
  return begunAgain && { total: 0, log: begunAgain.log };
}

const waiting = (waited: number, whole: number): string =>
  `waited ${(waited / 1e3).toFixed(1)} s for data, ${((100 * waited) / whole).toFixed(1)} % of the time`;

/** A note is one line; a table is several notes. */
function sayLines(ui: Pick<TrainUi, "say">, text: string): void {
  for (const line of text.split("\n")) ui.say(line);
}

/** The loop's callbacks: records, validation, checkpoints, diagnosis. */
class Run implements LoopHooks {
  /** The last state on the host, which is saved if the device is lost. */
  private snapshot: Snapshot | undefined;
  private last: StepReport | undefined;
  /** The last step's losses are in the records. */
  private logged = false;
  /** A picture is due: G's next one is recorded. */
  private shows = false;
  /** The step of the newest state on the disk; 0 for none. */
  private saved = 0;
  private readonly communication: Communication | undefined;

  constructor(
    private readonly o: TrainOptions,
    private readonly ui: TrainUi,
    private readonly session: FolderRun,
    private readonly records: Records,
    private readonly validation: Validation | undefined,
    private readonly labels: readonly Label[] | undefined,
  ) {
    this.communication = session.peers && new Communication(session.peers);
  }

  skipped(): void {
    const { state, overflowed } = this.session.stepper;
    const scales = overflowed.map((net) => `${net}'s loss scale is now ${state.lossScale![net].scale}`);
    this.ui.say(`step ${this.session.position.step + 1} skipped, its f16 gradients overflowed: ${scales.join(", ")}`);
  }

  async step(report: StepReport): Promise<void> {
    const { o, session } = this;
    const { position } = session;
    if (!this.last) this.tellMemory();
    this.last = report;
    const first = position.step === 1;
    this.logged = first || due(position.pictures, o.print_freq, o.batchSize);
    if (this.logged) await this.records.losses(this.at(report), report.losses);
    this.shows ||= first || due(position.pictures, o.display_freq, o.batchSize);
    // fake() is of G's last step: record it with that step's labels and photographs.
    if (!this.shows || !report.generator) return;
    this.shows = false;
    const { labels, image } = report.batch;
    const fake = await session.stepper.fake();
    await this.records.pictures(this.at(report), { labels, fake, real: image, ...outputSize(o) });
  }

  /** After the last step of this call. */
  async ended(): Promise<void> {
    if (this.last && !this.logged) await this.records.stopped(this.at(this.last), this.last.losses);
    const line = this.o.profile && this.communication?.line(this.session.position.step);
    if (line) this.ui.say(line);
  }

  async settled(): Promise<void> {
    this.communication?.step(this.session.position.step);
    const { snapshot_freq } = this.o;
    if (snapshot_freq > 0 && this.session.position.step % snapshot_freq === 0) this.snapshot = await this.take();
  }

  /** After the first step, which compiles the programs; in full with --profile. */
  private tellMemory(): void {
    const { device, memory } = this.session.stepper;
    this.ui.say(`memory on the adapter: ${(device.allocated / 2 ** 20).toFixed(0)} MiB`);
    if (this.o.profile)
      for (const [net, m] of Object.entries(memory!)) sayLines(this.ui, describeTrainingMemory(`${net} step`, m));
  }

  async epoch(): Promise<void> {
    if (!this.validation || !this.last) return;
    const { nets, average } = this.session;
    const validated = await this.validation.run(average ?? nets.G);
    await this.records.validation(this.at(this.last), validated);
    const { frechet } = validated;
    if (frechet !== undefined) this.ui.say(`epoch ${this.last.epoch}: ${FRECHET_NAME} ${frechet.toFixed(1)}`);
  }

  /** Writes the state, and the nets under `latest` and, at an epoch's end, under its number. */
  async save(ended?: number): Promise<void> {
    const { o, session } = this;
    const { position } = session;
    const snapshot = await this.take();
    await writeSnapshot(stateFolder(o), snapshot);
    await forgetBeginning(runFolder(o));
    this.saved = position.step;
    if (o.snapshot_freq > 0) this.snapshot = snapshot;
    await this.writeNets(snapshot, ended);
    this.ui.say(
      ended === undefined
        ? `saving the latest model (epoch ${position.epoch}, total_steps ${position.pictures})`
        : `saving the model at the end of epoch ${ended}, iters ${position.pictures}`,
    );
  }

  /** Writes the resumed state's nets again: the last run may have been killed after its state and before its nets were written. */
  async rewriteNets(): Promise<void> {
    const { o } = this;
    const { epoch, batch, step } = this.session.position;
    this.saved = step;
    const ended = batch === 0 && ((epoch - 1) % o.save_epoch_freq === 0 || epoch > o.niter + o.niter_decay);
    await this.writeNets(await this.take(), ended && epoch > 1 ? epoch - 1 : undefined);
  }

  private async writeNets({ nets, position }: Snapshot, ended: number | undefined): Promise<void> {
    const { o } = this;
    const metadata = netMetadata(o, this.labels, this.session.styles, position);
    for (const which of ["latest", ...(ended === undefined ? [] : [String(ended)])]) {
      for (const [role, net] of nets) await writeNet(runFolder(o), which, role, net, metadata, o.save_pth);
    }
    await dropOldNets(runFolder(o), position.epoch - 1, o.save_last);
    // Like the published code: the epoch, and its pictures so far.
    await replaceFile(join(runFolder(o), "iter.txt"), `${position.epoch}\n${position.batch * o.batchSize}\n`);
  }

  diagnose(prepared: Prepared, paths: readonly string[], losses: Record<string, number>): Promise<SpadeError> {
    return brokenStep(this.session, prepared, losses, paths.join(", "), LOWER_RATE);
  }

  /** Runs the loop; if the device is lost, saves the last snapshot and throws an error that names the saved step. */
  async guarded<T>(loop: () => Promise<T>): Promise<T> {
    try {
      return await loop();
    } catch (error) {
      if (!(error instanceof SpadeError) || error.code !== "device-lost") throw error;
      const folder = stateFolder(this.o);
      if (this.snapshot) {
        await writeSnapshot(folder, this.snapshot);
        await forgetBeginning(runFolder(this.o));
      }
      const step = Math.max(this.saved, this.snapshot?.position.step ?? 0);
      throw new SpadeError(
        "device-lost",
        error.where,
        `${error.problem}; ${step ? `step ${step} is saved in ${folder}` : "nothing was saved yet"}`,
        "go on with the same command and --continue_train",
        error,
      );
    }
  }

  private take(): Promise<Snapshot> {
    return takeSnapshot(this.session.stepper, this.session);
  }

  private at({ epoch, iters, seconds, lr }: StepReport): At {
    const { step, pictures } = this.session.position;
    return { epoch, iters, total: pictures, step, seconds, lr };
  }
}
