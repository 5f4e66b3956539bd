// Draws a picture's bytes on a texture, in the submit that computes them: nothing is read back.

import drawText from "./draw.wgsl";
import type { Device, Storage } from "../../runtime/index.ts";

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
      const module = this.device.gpu.createShaderModule({ label: "draw", code: drawText });
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
