// What a picture asks of Dawn: its dispatches, uploads and read-back, noted while it is painted, and made again by nothing but these calls.

interface Launch {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly groups: [number, number, number];
}

type Upload = Parameters<GPUQueue["writeBuffer"]>;
type Copy = [GPUBuffer, number, GPUBuffer, number, number];

export class Calls {
  launches: Launch[] = [];
  uploads: Upload[] = [];
  copies: Copy[] = [];
  submits = 0;

  /** Notes the calls of this process from now on. */
  constructor(private readonly gpu: GPUDevice) {
    const note = <T extends object, K extends keyof T>(object: T, method: K, noted: (args: never) => void): void => {
      const prototype = Object.getPrototypeOf(object) as T;
      const real = prototype[method] as (...args: unknown[]) => unknown;
      prototype[method] = function (this: T, ...args: unknown[]) {
        noted(args as never);
        return real.apply(this, args);
      } as T[K];
    };
    const encoder = gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    let pipeline: GPUComputePipeline;
    let group: GPUBindGroup;
    note(pass, "setPipeline", ([p]: [GPUComputePipeline]) => (pipeline = p));
    note(pass, "setBindGroup", ([, g]: [number, GPUBindGroup]) => (group = g));
    note(pass, "dispatchWorkgroups", (groups: [number, number, number]) =>
      this.launches.push({ pipeline, group, groups }),
    );
    note(encoder, "copyBufferToBuffer", (copy: Copy) => this.copies.push(copy));
    note(gpu.queue, "writeBuffer", (upload: Upload) => this.uploads.push(upload));
    note(gpu.queue, "submit", () => this.submits++);
    pass.end();
    encoder.finish();
  }

  /** Forgets what was noted; gives it. */
  take(): Pick<Calls, "launches" | "uploads" | "copies" | "submits"> {
    const { launches, uploads, copies, submits } = this;
    [this.launches, this.uploads, this.copies, this.submits] = [[], [], [], 0];
    return { launches, uploads, copies, submits };
  }

  /** Makes the calls of one picture: uploads, one pass, the copies, one submit, and the bytes of what was copied. */
  async make({ launches, uploads, copies }: ReturnType<Calls["take"]>): Promise<ArrayBuffer[]> {
    const { queue } = this.gpu;
    for (const upload of uploads) queue.writeBuffer(...upload);
    const encoder = this.gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    let last: GPUComputePipeline | undefined;
    for (const { pipeline, group, groups } of launches) {
      if (pipeline !== last) pass.setPipeline((last = pipeline));
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(...groups);
    }
    pass.end();
    for (const copy of copies) encoder.copyBufferToBuffer(...copy);
    queue.submit([encoder.finish()]);
    const bytes: ArrayBuffer[] = [];
    for (const [, , staging] of copies) {
      await staging.mapAsync(1 /* READ */);
      bytes.push(staging.getMappedRange().slice(0));
      staging.unmap();
    }
    return bytes;
  }
}
