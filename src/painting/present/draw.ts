// Draws a picture's bytes on a texture, in the submit that computes them: nothing is read back.

import type { Device, Storage } from "../../runtime/index.ts";

const WGSL = `
struct Sizes { picture: vec2f, surface: vec2f, pixels: u32, encoded: u32 }
@group(0) @binding(0) var<storage, read> rgba: array<u32>;
@group(0) @binding(1) var<uniform> s: Sizes;
@vertex fn corner(@builtin(vertex_index) i: u32) -> @builtin(position) vec4f {
  return vec4f(f32(i & 1u) * 4.0 - 1.0, f32(i >> 1u) * 4.0 - 1.0, 0.0, 1.0);
}
fn at(p: vec2f) -> vec3f {
  let q = vec2u(clamp(p, vec2f(0.0), s.picture - 1.0));
  return unpack4x8unorm(rgba[q.y * u32(s.picture.x) + q.x]).rgb;
}
@fragment fn colour(@builtin(position) place: vec4f) -> @location(0) vec4f {
  let p = place.xy * s.picture / s.surface;
  let o = floor(p - 0.5);
  let f = p - 0.5 - o;
  var c = mix(mix(at(o), at(o + vec2f(1.0, 0.0)), f.x), mix(at(o + vec2f(0.0, 1.0)), at(o + 1.0), f.x), f.y);
  if (s.pixels != 0u) { c = at(floor(p)); }
  if (s.encoded != 0u) { c = select(pow((c + 0.055) / 1.055, vec3f(2.4)), c / 12.92, c <= vec3f(0.04045)); }
  return vec4f(c, 1.0);
}`;

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** What is drawn to. */
export interface Surface extends Size {
  readonly texture: GPUTexture;
  /** True pixels; else interpolated. Without effect where the sizes are equal. */
  readonly pixels: boolean;
}

/** Draws on textures of one device. */
export class Drawer {
  private readonly pipelines = new Map<string, Promise<GPURenderPipeline>>();
  private readonly sizes: Storage;

  constructor(private readonly device: Device) {
    this.sizes = device.alloc("drawing sizes", 32, 64 /* UNIFORM */ | 8 /* COPY_DST */);
  }

  /** Compiled at the first call for a format. */
  pipeline(format: GPUTextureFormat): Promise<GPURenderPipeline> {
    let made = this.pipelines.get(format);
    if (!made) {
      const module = this.device.gpu.createShaderModule({ label: "draw", code: WGSL });
      made = this.device.gpu.createRenderPipelineAsync({
        layout: "auto",
        vertex: { module },
        fragment: { module, targets: [{ format }] },
      });
      this.pipelines.set(format, made);
      made.catch(() => this.pipelines.delete(format));
    }
    return made;
  }

  /** Adds the drawing of `rgba` to a submit. */
  draw(encoder: GPUCommandEncoder, pipeline: GPURenderPipeline, rgba: Storage, picture: Size, to: Surface): void {
    const { gpu } = this.device;
    const sizes = new Float32Array([picture.width, picture.height, to.width, to.height, 0, 0, 0, 0]);
    // A format that encodes sRGB expects linear light.
    new Uint32Array(sizes.buffer).set([to.pixels ? 1 : 0, to.texture.format.endsWith("-srgb") ? 1 : 0], 4);
    this.device.upload(this.sizes, sizes);
    const pass = encoder.beginRenderPass({
      colorAttachments: [{ view: to.texture.createView(), loadOp: "clear", storeOp: "store" }],
    });
    pass.setPipeline(pipeline);
    pass.setBindGroup(
      0,
      gpu.createBindGroup({
        layout: pipeline.getBindGroupLayout(0),
        entries: [
          { binding: 0, resource: { buffer: rgba.buffer, offset: rgba.offset, size: rgba.bytes } },
          { binding: 1, resource: { buffer: this.sizes.buffer } },
        ],
      }),
    );
    pass.draw(3);
    pass.end();
  }
}
