// The page's own drawing: a texture on a flag that waves and turns a little.

/** Cells of the flag, across and down. */
const CELLS = [32, 24];

const CODE = `
struct View { time: f32, aspect: f32 }
@group(0) @binding(0) var<uniform> view: View;
@group(0) @binding(1) var picture: texture_2d<f32>;
@group(0) @binding(2) var linear: sampler;

struct Point { @builtin(position) at: vec4f, @location(0) uv: vec2f, @location(1) light: f32 }

@vertex fn point(@builtin(vertex_index) i: u32) -> Point {
  let cell = i / 6u;
  // Two triangles a cell.
  let corner = array(vec2u(0, 0), vec2u(1, 0), vec2u(0, 1), vec2u(0, 1), vec2u(1, 0), vec2u(1, 1))[i % 6u];
  let uv = vec2f(vec2u(cell % ${CELLS[0]}u, cell / ${CELLS[0]}u) + corner) / vec2f(${CELLS.map((n) => `${n}.0`).join()});
  let phase = 6.0 * uv.x - 2.0 * view.time;
  // The pole is at the left, where nothing waves.
  let wave = 0.12 * uv.x * sin(phase);
  let turn = 0.35 * sin(0.4 * view.time);
  let flat = vec3f((uv.x - 0.5) * 2.0, (0.5 - uv.y) * 1.5, wave);
  let turned = vec3f(cos(turn) * flat.x - sin(turn) * flat.z, flat.y, sin(turn) * flat.x + cos(turn) * flat.z);
  let away = 3.2 + turned.z;
  var out: Point;
  out.at = vec4f(3.4 * turned.x / view.aspect, 3.4 * turned.y, 0.5 * away, away);
  out.uv = uv;
  out.light = 0.9 - 0.25 * uv.x * cos(phase);
  return out;
}

@fragment fn shade(p: Point) -> @location(0) vec4f {
  return vec4f(textureSample(picture, linear, p.uv).rgb * min(p.light, 1.0), 1.0);
}
`;

export class Flag {
  constructor(device, canvas, texture) {
    this.device = device;
    this.canvas = canvas;
    this.context = canvas.getContext("webgpu");
    const format = navigator.gpu.getPreferredCanvasFormat();
    this.context.configure({ device, format, alphaMode: "premultiplied" });
    const module = device.createShaderModule({ code: CODE });
    this.pipeline = device.createRenderPipeline({
      layout: "auto",
      vertex: { module },
      fragment: { module, targets: [{ format }] },
    });
    this.view = device.createBuffer({ size: 8, usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST });
    this.group = device.createBindGroup({
      layout: this.pipeline.getBindGroupLayout(0),
      entries: [
        { binding: 0, resource: { buffer: this.view } },
        { binding: 1, resource: texture.createView() },
        { binding: 2, resource: device.createSampler({ magFilter: "linear", minFilter: "linear" }) },
      ],
    });
  }

  /** @param time in seconds */
  draw(time) {
    const { device, canvas } = this;
    const scale = Math.min(devicePixelRatio, 2);
    const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((side) =>
      Math.max(1, Math.round(scale * side)),
    );
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    device.queue.writeBuffer(this.view, 0, Float32Array.of(time, width / height));
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginRenderPass({
      colorAttachments: [
        {
          view: this.context.getCurrentTexture().createView(),
          clearValue: [0, 0, 0, 0],
          loadOp: "clear",
          storeOp: "store",
        },
      ],
    });
    pass.setPipeline(this.pipeline);
    pass.setBindGroup(0, this.group);
    pass.draw(6 * CELLS[0] * CELLS[1]);
    pass.end();
    device.queue.submit([encoder.finish()]);
  }
}
