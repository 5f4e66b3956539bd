// How libc's functions of memory begin in this process; under an mpirun once MPI is open.

import koffi from "koffi";
import { Mpi } from "../../../src/node/mpi.ts";
import { mpiLaunch } from "../../../src/node/mpi_launch.ts";

const NAMES = ["mmap", "munmap", "mremap", "madvise", "brk", "sbrk", "malloc", "free"];

const launch = mpiLaunch();
const mpi = launch && (await Mpi.open(launch));
const libc = koffi.load("libc.so.6");
const starts = NAMES.map((name) => [name, (koffi.decode(libc.symbol(name), "uint8", 16) as number[]).join(" ")]);
console.log(JSON.stringify({ rank: mpi?.rank, starts: Object.fromEntries(starts) as Record<string, string> }));
mpi?.finalize();
