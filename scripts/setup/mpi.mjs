// An MPI for the tests of training on several ranks: Open MPI, installed with apt-get where that is possible. Without one those tests are not
// run; everything else works.

import { attempt, isRoot, say, system, tryApt } from "./system.mjs";

const COMMANDS = ["mpirun.openmpi", "mpirun.mpich"];
const PACKAGE = "openmpi-bin";

const isThere = () => COMMANDS.some((command) => attempt(command, ["--version"]).ok);

/** Installs it on Debian or Ubuntu as root; elsewhere says in one line what to do. */
export function mpi() {
  if (process.platform !== "linux" || isThere()) return;
  const without = "the tests of MPI are not run without Debian's Open MPI or MPICH";
  const { hasApt, name } = system();
  if (!hasApt) return say(`${without} (${name} has no apt-get)`);
  if (!isRoot())
    return say(`${without}; run "sudo apt-get update && sudo apt-get install ${PACKAGE}", or run this as root`);
  say(`installing ${PACKAGE} for the tests of MPI with apt-get ...`);
  const update = tryApt("update");
  const { ok, output } = tryApt("install", "-y", "--no-install-recommends", PACKAGE);
  if (ok && isThere()) return;
  const why = (ok ? update : { output }).output.split("\n").at(-1);
  say(`${without}; apt-get could not install ${PACKAGE} (${why})`);
}
