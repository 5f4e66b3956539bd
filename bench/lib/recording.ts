// Records what a program creates on a GPUDevice, and creates it again with WebGPU calls alone.

/** Objects refer to each other by index in these lists. */
export interface Recording {
  adapter: string;
  features: string[];
  limits: Record<string, number>;
  modules: string[];
  layouts: GPUBufferBindingType[][];
  pipelines: { module: number; layout: number; constants: Record<string, number> }[];
  buffers: { size: number; usage: number }[];
  groups: { layout: number; entries: { buffer: number; offset: number; size: number }[] }[];
  /** Every pipeline that was run, with its first bind group. */
  runs: { pipeline: number; group: number }[];
}

const LIMITS = [
  "maxStorageBufferBindingSize",
  "maxBufferSize",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxStorageBuffersPerShaderStage",
] as const;

/** Wraps a device's methods, and records its calls from then on. */
export class Recorder {
  readonly recording: Recording;
  private readonly places = new WeakMap<object, number>();

  constructor(private readonly gpu: GPUDevice) {
    const r: Recording = (this.recording = {
      adapter: gpu.adapterInfo.description,
      features: [...gpu.features],
      limits: Object.fromEntries(LIMITS.map((name) => [name, gpu.limits[name]])),
      modules: [],
      layouts: [],
      pipelines: [],
      buffers: [],
      groups: [],
      runs: [],
    });
    const at = (o: object): number => this.places.get(o)!;
    this.listen("createShaderModule", r.modules, ({ code }) => code);
    this.listen("createBuffer", r.buffers, ({ size, usage }) => ({ size, usage }));
    this.listen("createBindGroupLayout", r.layouts, ({ entries }) => [...entries].map((e) => e.buffer!.type!));
    const layoutOf = new WeakMap<object, number>();
    const createPipelineLayout = gpu.createPipelineLayout.bind(gpu);
    gpu.createPipelineLayout = (d) => {
      const made = createPipelineLayout(d);
      layoutOf.set(made, at([...d.bindGroupLayouts][0]!));
      return made;
    };
    const createPipeline = gpu.createComputePipelineAsync.bind(gpu);
    gpu.createComputePipelineAsync = async (d) => {
      const { module, constants } = d.compute;
      const made = await createPipeline(d);
      this.places.set(made, r.pipelines.length);
      r.pipelines.push({ module: at(module), layout: layoutOf.get(d.layout as object)!, constants: { ...constants } });
      return made;
    };
    this.listen("createBindGroup", r.groups, ({ layout, entries }) => ({
      layout: at(layout),
      entries: [...entries].map(({ resource }) => {
        const { buffer, offset, size } = resource as GPUBufferBinding;
        return { buffer: at(buffer), offset: offset ?? 0, size: size! };
      }),
    }));
    this.listenToPasses();
  }

  /** Wraps a create method: appends `note(descriptor)` to `list` and remembers its index. */
  private listen<K extends "createShaderModule" | "createBuffer" | "createBindGroupLayout" | "createBindGroup", T>(
    method: K,
    list: T[],
    note: (descriptor: Parameters<GPUDevice[K]>[0]) => T,
  ): void {
    const { gpu, places } = this;
    const make = gpu[method].bind(gpu) as (d: Parameters<GPUDevice[K]>[0]) => object;
    Object.assign(gpu, {
      [method](d: Parameters<GPUDevice[K]>[0]) {
        const made = make(d);
        places.set(made, list.length);
        list.push(note(d));
        return made;
      },
    });
  }

  private listenToPasses(): void {
    const { gpu, places } = this;
    const seen = new Set<number>();
    const createEncoder = gpu.createCommandEncoder.bind(gpu);
    gpu.createCommandEncoder = (d) => {
      const encoder = createEncoder(d);
      const begin = encoder.beginComputePass.bind(encoder);
      encoder.beginComputePass = (p) => {
        const pass = begin(p);
        let pipeline = 0;
        const setPipeline = pass.setPipeline.bind(pass);
        pass.setPipeline = (made) => {
          pipeline = places.get(made)!;
          setPipeline(made);
        };
        const setGroup = pass.setBindGroup.bind(pass) as (i: number, group: GPUBindGroup) => undefined;
        pass.setBindGroup = ((i: number, group: GPUBindGroup) => {
          if (!seen.has(pipeline)) this.recording.runs.push({ pipeline, group: places.get(group)! });
          seen.add(pipeline);
          setGroup(i, group);
        }) as typeof pass.setBindGroup;
        return pass;
      };
      return encoder;
    };
  }
}

/** Opens a device, creates everything, runs every pipeline once with one workgroup, destroys the device. */
export async function replay(dawn: GPU, r: Recording): Promise<void> {
  const adapter = await dawn.requestAdapter();
  const gpu = await adapter!.requestDevice({
    requiredFeatures: r.features as GPUFeatureName[],
    requiredLimits: r.limits,
  });
  gpu.pushErrorScope("validation");
  const layouts = r.layouts.map((types) =>
    gpu.createBindGroupLayout({
      entries: types.map((type, binding) => ({ binding, visibility: 4 /* COMPUTE */, buffer: { type } })),
    }),
  );
  const modules = r.modules.map((code) => gpu.createShaderModule({ code }));
  const pipelines = await Promise.all(
    r.pipelines.map(({ module, layout, constants }) =>
      gpu.createComputePipelineAsync({
        layout: gpu.createPipelineLayout({ bindGroupLayouts: [layouts[layout]] }),
        compute: { module: modules[module], constants },
      }),
    ),
  );
  const buffers = r.buffers.map((b) => gpu.createBuffer(b));
  const groups = r.groups.map(({ layout, entries }) =>
    gpu.createBindGroup({
      layout: layouts[layout],
      entries: entries.map(({ buffer, offset, size }, binding) => ({
        binding,
        resource: { buffer: buffers[buffer], offset, size },
      })),
    }),
  );
  const encoder = gpu.createCommandEncoder();
  const pass = encoder.beginComputePass();
  for (const { pipeline, group } of r.runs) {
    pass.setPipeline(pipelines[pipeline]);
    pass.setBindGroup(0, groups[group]);
    pass.dispatchWorkgroups(1);
  }
  pass.end();
  gpu.queue.submit([encoder.finish()]);
  await gpu.queue.onSubmittedWorkDone();
  const error = await gpu.popErrorScope();
  if (error) throw new Error(`the recording can't be replayed: ${error.message}`);
  for (const buffer of buffers) buffer.destroy();
  gpu.destroy();
}
