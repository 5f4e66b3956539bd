// Caches one pipeline per WGSL text, constants and layout. Compiles asynchronously and in parallel; keeps all until the device is disposed.

import { SpadeError } from "./errors.ts";
import { shaderError, type Template, type Wgsl } from "./wgsl.ts";

export interface PipelineRequest {
  readonly template: Template;
  readonly wgsl: Wgsl;
  /** Values of the overridable constants; empty when sizes are in a uniform. */
  readonly constants: Readonly<Record<string, number>>;
  /** One letter per binding: r (read-only storage), w (storage), u (uniform). */
  readonly layout: string;
}

export class PipelineCache {
  private readonly pipelines = new Map<string, Promise<GPUComputePipeline>>();
  private readonly modules = new Map<string, GPUShaderModule>();
  private readonly texts = new Map<string, Wgsl>();
  private readonly layouts = new Map<string, { group: GPUBindGroupLayout; pipeline: GPUPipelineLayout }>();

  constructor(private readonly device: GPUDevice) {}

  get size(): number {
    return this.pipelines.size;
  }

  /** Empties the cache. */
  clear(): void {
    this.pipelines.clear();
    this.modules.clear();
    this.texts.clear();
    this.layouts.clear();
  }

  /** The bind group layout of a signature such as "rrw". */
  layout(signature: string): { group: GPUBindGroupLayout; pipeline: GPUPipelineLayout } {
    let found = this.layouts.get(signature);
    if (!found) {
      const types = { r: "read-only-storage", w: "storage", u: "uniform" } as const;
      const group = this.device.createBindGroupLayout({
        label: signature,
        entries: [...signature].map((c, binding) => ({
          binding,
          visibility: 4 /* COMPUTE */,
          buffer: { type: types[c as "r" | "w" | "u"] },
        })),
      });
      found = { group, pipeline: this.device.createPipelineLayout({ label: signature, bindGroupLayouts: [group] }) };
      this.layouts.set(signature, found);
    }
    return found;
  }

  /** An expanded text, by all that it was expanded from: most dispatches of a net share theirs. */
  text(from: string, expanded: () => Wgsl): Wgsl {
    let found = this.texts.get(from);
    if (!found) this.texts.set(from, (found = expanded()));
    return found;
  }

  /** Compiles a pipeline, or returns the cached one. Failures are not cached. */
  get(request: PipelineRequest): Promise<GPUComputePipeline> {
    const key = `${request.layout}\n${JSON.stringify(request.constants)}\n${request.wgsl.code}`;
    let made = this.pipelines.get(key);
    if (!made) {
      made = this.compile(request);
      made.catch(() => this.pipelines.delete(key));
      this.pipelines.set(key, made);
    }
    return made;
  }

  private async compile({ template, wgsl, constants, layout }: PipelineRequest): Promise<GPUComputePipeline> {
    const { code } = wgsl;
    let module = this.modules.get(code);
    if (!module) {
      // Pop the scope in the same tick: scopes are a stack, and other compilations run meanwhile.
      this.device.pushErrorScope("validation");
      module = this.device.createShaderModule({ label: template.name, code });
      void this.device.popErrorScope().catch(() => undefined);
      this.modules.set(code, module);
    }
    try {
      return await this.device.createComputePipelineAsync({
        label: template.name,
        layout: this.layout(layout).pipeline,
        compute: { module, constants },
      });
    } catch (cause) {
      const messages = (await module.getCompilationInfo()).messages.filter((m) => m.type === "error");
      if (messages.length) throw shaderError(template, wgsl, messages);
      throw new SpadeError(
        "shader",
        `${template.name}.wgsl`,
        (cause as Error).message.split("\n")[0],
        "check the op's sizes and bindings",
        cause,
      );
    }
  }
}
