// MPI in Node: the few calls that a training on several processes makes, through koffi into the MPI library of this machine. It is loaded by
// open() alone, so that a process that mpirun has not started loads nothing. Open MPI's handles are addresses of objects in its library,
// those of MPICH (and of Intel's and Cray's, which have its interface) are numbers; MPI_Get_library_version tells which of the two it is.

import { missingPackage } from "../formats/packaged.ts";
import { SpadeError } from "../runtime/errors.ts";
import { candidates, checkPipe, type Launch } from "./mpi_launch.ts";

type Koffi = (typeof import("koffi"))["default"];
type Library = ReturnType<Koffi["load"]>;
type Call = ReturnType<Library["func"]>;
type Handle = number | bigint;

/** Numbers that are reduced where they lie. */
export type Numbers = Float32Array | Float64Array;
export type Operation = "sum" | "max";

const KIND = { openmpi: /^Open MPI/, mpich: /^(MPICH|Intel|CRAY MPICH|MVAPICH)/i };
type Kind = keyof typeof KIND;

/** [symbol of Open MPI, number of MPICH] */
const HANDLES = {
  world: ["ompi_mpi_comm_world", 0x44000000],
  f32: ["ompi_mpi_float", 0x4c00040a],
  f64: ["ompi_mpi_double", 0x4c00080b],
  bytes: ["ompi_mpi_byte", 0x4c00010d],
  sum: ["ompi_mpi_op_sum", 0x58000003],
  max: ["ompi_mpi_op_max", 0x58000001],
  errors_return: ["ompi_mpi_errors_return", 0x54000001],
} as const;

/** What MPI_IN_PLACE is. */
const IN_PLACE: Record<Kind, bigint> = { openmpi: 1n, mpich: 2n ** 64n - 1n };
const THREAD_MULTIPLE = 3;
/** Bytes of one call: counts are 32 bits with a sign. */
const MOST = 1 << 30;

/** The arguments of every call: p a buffer, i an int, h a handle. */
const SIGNATURES = {
  MPI_Init_thread: "ppip",
  MPI_Comm_set_errhandler: "hh",
  MPI_Comm_size: "hp",
  MPI_Comm_rank: "hp",
  MPI_Comm_dup: "hp",
  MPI_Allreduce: "ppihhh",
  MPI_Allgather: "pihpihh",
  MPI_Allgatherv: "pihppphh",
  MPI_Alltoall: "pihpihh",
  MPI_Bcast: "pihih",
  MPI_Barrier: "h",
  MPI_Error_string: "ipp",
  MPI_Abort: "hi",
  MPI_Finalize: "",
} as const;
type Name = keyof typeof SIGNATURES;

const text = (bytes: Uint8Array, length: number): string => Buffer.from(bytes.subarray(0, length)).toString().trim();

export class Mpi {
  readonly rank: number;
  readonly ranks: number;
  private readonly calls = {} as Record<Name, Call>;
  private readonly handles = {} as Record<keyof typeof HANDLES, Handle>;
  private readonly inPlace: bigint;
  /** Calls that wait on this thread, and calls that wait on another one: each kind keeps its own order on all ranks. */
  private readonly here: Handle;
  private readonly aside: Handle;
  private last: Promise<unknown> = Promise.resolve();

  private constructor(
    library: Library,
    kind: Kind,
    /** The first line of what the library says of itself. */
    readonly version: string,
  ) {
    const types = { p: "void *", i: "int", h: kind === "openmpi" ? "void *" : "int" };
    for (const [name, args] of Object.entries(SIGNATURES))
      this.calls[name as Name] = library.func(name, "int", [...args].map((c) => types[c as keyof typeof types])); // prettier-ignore
    for (const [name, [symbol, number]] of Object.entries(HANDLES))
      this.handles[name as keyof typeof HANDLES] = kind === "openmpi" ? (library.symbol(symbol) as bigint) : number;
    this.inPlace = IN_PLACE[kind];
    // Ranks that wait for others let these compute: on machines with fewer cores than busy threads a rank would else take a core by waiting.
    if (kind === "openmpi") process.env.OMPI_MCA_mpi_yield_when_idle ||= "1";
    const found = new Int32Array(1);
    this.call("MPI_Init_thread", null, null, THREAD_MULTIPLE, found);
    const { world, errors_return } = this.handles;
    if (found[0] < THREAD_MULTIPLE) {
      this.call("MPI_Finalize");
      throw new SpadeError(
        "unsupported",
        `MPI (${version})`,
        "allows calls of one thread alone",
        "use an MPI that was built with support for threads (MPI_THREAD_MULTIPLE)",
      );
    }
    this.call("MPI_Comm_set_errhandler", world, errors_return);
    const int = (name: "MPI_Comm_size" | "MPI_Comm_rank"): number => {
      this.call(name, world, found);
      return found[0];
    };
    [this.ranks, this.rank] = [int("MPI_Comm_size"), int("MPI_Comm_rank")];
    const copy = (): Handle => {
      const out = kind === "openmpi" ? new BigUint64Array(1) : new Int32Array(1);
      this.call("MPI_Comm_dup", world, out);
      return out[0];
    };
    [this.here, this.aside] = [copy(), copy()];
  }

  /**
   * Loads the library and joins the other ranks. All of them must call it, once; Dawn may start later.
   * @throws SpadeError unsupported: koffi or the library is missing, or it is not the library of the mpirun that started this process
   */
  static async open(launch: Launch): Promise<Mpi> {
    checkPipe();
    let koffi: Koffi;
    try {
      ({ default: koffi } = await import("koffi"));
    } catch (cause) {
      throw missingPackage("unsupported", "koffi", "and MPI is called with it", cause);
    }
    // MPICH needs more stack than koffi has by default.
    koffi.config({ sync_stack_size: 8 << 20, async_stack_size: 4 << 20 });
    // UCX, which both MPIs may bring, rewrites libc's munmap, brk and others when it is loaded, so that it hears of memory that is given back, and
    // tries that by moving the end of the heap a page up and down. When another thread of this process frees memory meanwhile, the heap loses a page
    // that is in use. Only networks with registered memory gain by it.
    process.env.UCX_MEM_EVENTS ||= "n";
    const { library, path } = load(koffi, launch);
    const [bytes, length] = [new Uint8Array(8192), new Int32Array(1)];
    library.func("MPI_Get_library_version", "int", ["void *", "void *"])(bytes, length);
    const [version] = text(bytes, length[0])
      .replaceAll("\t", " ")
      .split(/[\n\0,]/);
    const kind = (Object.keys(KIND) as Kind[]).find((name) => KIND[name].test(version));
    const usual = `set SPADE_MPI to the library of the mpirun that you call (${candidates(launch).join(", ")})`;
    if (!kind) throw new SpadeError("unsupported", path, `is an MPI that is not known here (${version})`, usual);
    if (kind !== launch.kind && launch.kind !== undefined) throw elsewhere(launch, version, path, usual);
    const mpi = new Mpi(library, kind, version);
    // A library that does not know the mpirun takes each process for the only one.
    if (mpi.ranks !== launch.ranks) {
      mpi.finalize();
      throw elsewhere(launch, version, path, usual);
    }
    return mpi;
  }

  /** Reduces `values` over all ranks, in place; the same bits on every rank. Waits on this thread: for few numbers. */
  allreduce<T extends Numbers>(values: T, operation: Operation = "sum"): T {
    this.call("MPI_Allreduce", ...this.reduction(values, operation), this.here);
    return values;
  }

  /** The same on another thread, for many numbers: this one goes on meanwhile. Calls run one after the other. */
  async allreduceAside<T extends Numbers>(values: T, operation: Operation = "sum"): Promise<T> {
    await this.callAside("MPI_Allreduce", ...this.reduction(values, operation), this.aside);
    return values;
  }

  /** Sends the r-th of as many equal parts as there are ranks to rank r. Gives what came from rank 0, 1 ..., on another thread. */
  async alltoallAside(parts: Uint8Array): Promise<Uint8Array> {
    const out = new Uint8Array(parts.length);
    const one = parts.length / this.ranks;
    const { bytes } = this.handles;
    await this.callAside("MPI_Alltoall", parts, one, bytes, out, one, bytes, this.aside);
    return out;
  }

  /** The parts of all ranks, each as long as this one's, one after the other; on another thread. */
  async allgatherAside(part: Uint8Array): Promise<Uint8Array> {
    const out = new Uint8Array(part.length * this.ranks);
    const { bytes } = this.handles;
    await this.callAside("MPI_Allgather", part, part.length, bytes, out, part.length, bytes, this.aside);
    return out;
  }

  /** The bytes of every rank, of any lengths, in the order of ranks. */
  gather(own: Uint8Array): Uint8Array[] {
    const { bytes } = this.handles;
    const sizes = new Float64Array(this.ranks);
    sizes[this.rank] = own.length;
    this.allreduce(sizes);
    const lengths = Int32Array.from(sizes);
    const starts = lengths.map((_, i) => lengths.subarray(0, i).reduce((a, b) => a + b, 0));
    const out = new Uint8Array(lengths.reduce((a, b) => a + b, 0));
    this.call("MPI_Allgatherv", own, own.length, bytes, out, lengths, starts, bytes, this.here);
    return Array.from(lengths, (length, i) => out.subarray(starts[i], starts[i] + length));
  }

  /** Makes `values` on every rank what they are on rank `root`. */
  broadcast<T extends Uint8Array | Numbers>(values: T, root = 0): T {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    for (let at = 0; at < bytes.length; at += MOST) {
      const piece = bytes.subarray(at, at + MOST);
      this.call("MPI_Bcast", piece, piece.length, this.handles.bytes, root, this.here);
    }
    return values;
  }

  /** Waits until all ranks are here. */
  barrier(): void {
    this.call("MPI_Barrier", this.here);
  }

  /** Ends the processes of all ranks, this one too. */
  abort(code = 1): void {
    this.call("MPI_Abort", this.handles.world, code);
  }

  /** Leaves the other ranks, once all of them do. Nothing may be called after it. */
  finalize(): void {
    this.call("MPI_Finalize");
  }

  private reduction(values: Numbers, operation: Operation): unknown[] {
    const { handles } = this;
    const type = values instanceof Float32Array ? handles.f32 : handles.f64;
    return [this.inPlace, values, values.length, type, handles[operation]];
  }

  private call(name: Name, ...args: unknown[]): void {
    this.check(name, this.calls[name](...args) as number);
  }

  private callAside(name: Name, ...args: unknown[]): Promise<void> {
    const run = (): Promise<void> =>
      new Promise((resolve, reject) => {
        this.calls[name].async(...args, (error: Error | null, code: number) => {
          try {
            if (error) throw error;
            this.check(name, code);
            resolve();
          } catch (failure) {
            reject(failure as Error);
          }
        });
      });
    const done = this.last.then(run);
    this.last = done.catch(() => undefined);
    return done;
  }

  /** @throws SpadeError unsupported: the call failed */
  private check(name: Name, code: number): void {
    if (code === 0) return;
    const [bytes, length] = [new Uint8Array(2048), new Int32Array(1)];
    this.calls.MPI_Error_string(code, bytes, length);
    throw new SpadeError(
      "unsupported",
      name,
      `failed (${text(bytes, length[0]).split("\n")[0] || `code ${code}`})`,
      "look at the network between the machines, and at the output of the other ranks",
    );
  }
}

/** @throws SpadeError unsupported: no library can be loaded */
function load(koffi: Koffi, launch: Launch): { library: Library; path: string } {
  const failures: string[] = [];
  for (const path of candidates(launch)) {
    try {
      // Global: Open MPI loads parts of itself later, which look for its symbols.
      return { library: koffi.load(path, { global: true }), path };
    } catch (error) {
      failures.push(`${path}: ${(error as Error).message.split("\n")[0]}`);
    }
  }
  throw new SpadeError(
    "unsupported",
    "MPI",
    `has started ${launch.ranks} ranks, and its library can't be loaded (${failures[0]})`,
    "install the library of that mpirun (on Debian libopenmpi3 or libmpich12), or set SPADE_MPI to its path",
  );
}

const elsewhere = (launch: Launch, version: string, path: string, fix: string): SpadeError =>
  new SpadeError(
    "unsupported",
    path,
    `is ${version}, which does not know the mpirun that started these ${launch.ranks} ranks: each would train alone`,
    fix,
  );
