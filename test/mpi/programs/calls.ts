// Every call of src/node/mpi.ts on each rank; prints what it gave. With an argument: how it ends.

import { Mpi } from "../../../src/node/mpi.ts";
import { mpiLaunch } from "../../../src/node/mpi_launch.ts";
import { SpadeError } from "../../../src/runtime/errors.ts";

const [how] = process.argv.slice(2);

let mpi: Mpi | undefined;
try {
  mpi = await Mpi.open(mpiLaunch()!);
  const { rank, ranks } = mpi;
  if (how === "abort") {
    // The others wait for ever.
    if (rank === 1) mpi.abort(3);
    mpi.barrier();
  }
  if (how === "fail") mpi.broadcast(Float32Array.of(1), 7);
  const mine = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 10 * rank);
  const long = new Float32Array(300_000).fill(rank + 0.5);
  const aside = [
    mpi.allreduceAside(long),
    mpi.alltoallAside(Uint8Array.from({ length: 2 * ranks }, (_, i) => 100 * rank + i)),
    mpi.allgatherAside(Uint8Array.of(rank, rank + 50)),
  ] as const;
  // On this thread meanwhile.
  const f32 = mpi.allreduce(Float32Array.from(mine(3)));
  const f64 = mpi.allreduce(Float64Array.of(rank === 0 ? 1 : 2 ** -40));
  const max = mpi.allreduce(Float64Array.from(mine(2)), "max");
  const gathered = mpi.gather(new Uint8Array(rank + 1).fill(rank)).map((bytes) => [...bytes]);
  const sent = [...mpi.broadcast(Float64Array.of(rank), 1)];
  const [sum, parts, whole] = await Promise.all(aside);
  mpi.barrier();
  const all = [sum[0], sum.at(-1), [...parts], [...whole]];
  console.log(JSON.stringify({ rank, ranks, f32: [...f32], f64: f64[0], max: [...max], gathered, sent, all }));
} catch (error) {
  if (!(error instanceof SpadeError)) throw error;
  console.log(JSON.stringify({ rank: mpiLaunch()!.rank, error: error.message }));
}
// Together: MPICH ends the others of a rank that is gone without it.
mpi?.finalize();
