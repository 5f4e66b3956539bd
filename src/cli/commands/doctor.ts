// doctor: reports whether this machine can paint, on which adapter, and whether a real kernel gives the right result.

import { conv2d, packConv } from "../../../kernels/conv/conv2d.ts";
import { seeded } from "../../models/weights/seeded.ts";
import { openNodeDevice } from "../../node/dawn.ts";
import { encodeHost, Graph, Program, SpadeError, type Device } from "../../runtime/index.ts";

export interface Report {
  ok: boolean;
  system: { node: string; platform: string; vulkanDriver: string | null };
  error?: { code: string; message: string };
  adapter?: {
    name: string;
    vendor: string;
    architecture: string;
    device: string;
    description: string;
    software: boolean;
  };
  features?: string[];
  limits?: Record<string, number>;
  /** Shapes of hardware matrix products, if the adapter reports them. */
  subgroupMatrixConfigs?: unknown[];
  kernel?: { name: string; worst: number; tolerance: number; verdict: "right" | "wrong"; ms: number };
}

const TOLERANCE = 1e-5;
const SHAPE = { h: 17, w: 23, cin: 36, cout: 39 };

export async function examine(): Promise<Report> {
  const system = {
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    vulkanDriver: null as string | null,
  };
  let device: Device;
  try {
    device = await openNodeDevice();
  } catch (error) {
    if (!(error instanceof SpadeError)) throw error;
    return { ok: false, system, error: { code: error.code, message: error.message } };
  } finally {
    system.vulkanDriver = process.env.VK_ICD_FILENAMES ?? process.env.VK_DRIVER_FILES ?? null;
  }
  try {
    const { vendor, architecture, device: chip, description } = device.info;
    const matrix = (device.info as { subgroupMatrixConfigs?: Iterable<unknown> }).subgroupMatrixConfigs;
    const kernel = await tryKernel(device);
    return {
      ok: kernel.verdict === "right",
      system,
      adapter: { name: device.name, vendor, architecture, device: chip, description, software: device.software },
      features: [...device.target.features].sort(),
      limits: { ...device.target.limits },
      subgroupMatrixConfigs: matrix ? [...matrix].map((c) => ({ ...plainObject(c) })) : undefined,
      kernel,
    };
  } finally {
    device.dispose();
  }
}

/** The report as lines, or as JSON. */
export async function doctor(json?: boolean): Promise<{ lines: string[]; ok: boolean }> {
  const report = await examine();
  return { lines: json ? [JSON.stringify(report, null, 2)] : describeReport(report), ok: report.ok };
}

/** Copies an object whose fields are getters into a plain object. */
function plainObject(o: unknown): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const key in o as object) out[key] = (o as Record<string, unknown>)[key];
  return out;
}

/** Runs a 3x3 convolution of odd sizes and compares it with float64 on the host. */
async function tryKernel(device: Device): Promise<NonNullable<Report["kernel"]>> {
  const { h, w, cin, cout } = SHAPE;
  const x = seeded("x", [h * w * cin], 1);
  const oihw = seeded("w", [cout, cin, 3, 3], 1);
  const bias = seeded("b", [cout], 1);
  const g = new Graph(device.target);
  const packed = packConv(oihw, [cout, cin, 3, 3]);
  const bytes = encodeHost({ shape: packed.shape, dtype: "f32" }, packed.data);
  const storage = await device.guard("weights", () => device.alloc("weights", bytes.byteLength));
  device.upload(storage, bytes);
  const weights = g.external("weights", packed.shape, "f32", storage);
  const y = conv2d(g, {
    x: g.input("x", [1, h, w, cin]),
    w: weights,
    kh: 3,
    kw: 3,
    pad: 1,
    bias: g.input("bias", [cout]),
  });
  g.output("y", y);
  const program = await Program.compile(g, device, { name: "doctor" });
  await program.run({ inputs: { x, bias } });
  await program.read("y");
  const start = performance.now();
  await program.run();
  const found = await program.read("y");
  const ms = performance.now() - start;
  program.dispose();
  let worst = 0;
  let scale = 0;
  for (let oy = 0; oy < h; oy++)
    for (let ox = 0; ox < w; ox++)
      for (let o = 0; o < cout; o++) {
        let sum = bias[o];
        for (let ky = 0; ky < 3; ky++)
          for (let kx = 0; kx < 3; kx++) {
            const [iy, ix] = [oy + ky - 1, ox + kx - 1];
            if (iy < 0 || iy >= h || ix < 0 || ix >= w) continue;
            for (let c = 0; c < cin; c++) sum += x[(iy * w + ix) * cin + c] * oihw[((o * cin + c) * 3 + ky) * 3 + kx];
          }
        const d = Math.abs(found[(oy * w + ox) * cout + o] - sum);
        if (!(d <= worst)) worst = d;
        scale = Math.max(scale, Math.abs(sum));
      }
  worst /= scale;
  return {
    name: `conv2d 3x3, ${cin} to ${cout} channels, ${w}x${h}`,
    worst,
    tolerance: TOLERANCE,
    verdict: worst <= TOLERANCE ? "right" : "wrong",
    ms,
  };
}

export function describeReport(r: Report): string[] {
  const row = (name: string, text: string): string => `${name.padEnd(10)}${text}`;
  const lines = [
    row(
      "system",
      `Node ${r.system.node}, ${r.system.platform}${r.system.vulkanDriver ? `, Vulkan driver ${r.system.vulkanDriver}` : ""}`,
    ),
  ];
  if (r.error) return [...lines, row("adapter", `none: ${r.error.message}`), row("verdict", "can't paint here")];
  const { adapter, kernel } = r;
  lines.push(
    row(
      "adapter",
      `${adapter!.name}${adapter!.vendor ? ` (${[adapter!.vendor, adapter!.architecture].filter(Boolean).join(" ")})` : ""}`,
    ),
  );
  lines.push(row("kind", adapter!.software ? "software: computes on the CPU" : "hardware"));
  lines.push(row("features", r.features!.join(", ") || "none"));
  if (r.subgroupMatrixConfigs?.length) {
    lines.push(row("matrix", r.subgroupMatrixConfigs.map((c) => Object.values(c as object).join(" ")).join("; ")));
  }
  for (const [i, [name, value]] of Object.entries(r.limits!).entries())
    lines.push(
      row(
        i ? "" : "limits",
        `${name} ${/Size$/.test(name) && value >= 2 ** 20 ? `${(value / 2 ** 20).toFixed(0)} MiB` : value}`,
      ),
    );
  lines.push(
    row(
      "kernel",
      `${kernel!.name}: ${kernel!.verdict} (off by ${kernel!.worst.toExponential(1)}, allowed ${kernel!.tolerance}), ${kernel!.ms.toFixed(1)} ms`,
    ),
  );
  if (kernel!.verdict === "wrong")
    lines.push(row("verdict", "the adapter computes wrongly: update its driver, or set SPADE_ADAPTER=software"));
  else if (adapter!.software)
    lines.push(row("verdict", "works, on the CPU: a GPU with its driver is many times faster"));
  else lines.push(row("verdict", "works"));
  return lines;
}
