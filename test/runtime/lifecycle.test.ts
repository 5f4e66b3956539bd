import { isAllocated } from "../../src/runtime/tensor.ts";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openNodeDevice } from "../../src/node/dawn.ts";
import {
  Device,
  Graph,
  isSoftware,
  profileProgram,
  Program,
  read,
  write,
  type Tensor,
} from "../../src/runtime/index.ts";
import { noise, testDevice } from "../support/device.ts";
import { countedDevice } from "./counted.ts";
import { elementwise, plus, times } from "./tiny.ts";

/** One of everything that a program can own: arenas, kept tensors, staging, sizes. */
function everything(device: Device): { g: Graph; table: Tensor } {
  const g = new Graph({ ...device.target, sizesAs: "uniform" });
  const x = g.input("x", [32]);
  const table = g.keep("table", times(g, x, 2));
  g.output("y", plus(g, table, x));
  g.output("x", x);
  return { g, table };
}

describe("a program", () => {
  test("allocates what its plan says, what outputs are read through at the first read; dispose gives all of it back, once", async () => {
    const device = await testDevice();
    const start = device.allocated;
    const { g } = everything(device);
    const p = await Program.compile(g, device);
    const staging = [...g.outputs.values()].reduce((sum, t) => sum + t.bytes, 0);
    expect(device.allocated - start).toBe(p.memory.peak - staging);
    await p.run({ inputs: { x: noise(32) } });
    for (const name of g.outputs.keys()) await p.read(name);
    expect(device.allocated - start).toBe(p.memory.peak);
    await profileProgram(p);
    p.dispose();
    expect(device.allocated).toBe(start);
    p.dispose();
    expect(device.allocated).toBe(start);
  });

  test("leaks nothing in fifty lives, used or not, and makes its pipelines once", async () => {
    const device = await testDevice();
    const start = device.allocated;
    const pipelines: number[] = [];
    for (let i = 0; i < 50; i++) {
      const p = await Program.compile(everything(device).g, device);
      if (i % 2) {
        await p.run({ inputs: { x: noise(32, i) } });
        await Promise.all([p.read("y"), p.read("y")]);
      }
      p.dispose();
      expect(device.allocated).toBe(start);
      pipelines.push(device.pipelines.size);
    }
    expect(new Set(pipelines).size).toBe(1);
  });

  test("throws `disposed` after dispose, whatever is called", async () => {
    const device = await testDevice();
    const p = await Program.compile(everything(device).g, device, { name: "gone" });
    p.dispose();
    const disposed = { code: "disposed", message: "gone: was disposed; compile it again" };
    await expect(p.run()).rejects.toMatchObject(disposed);
    await expect(p.run({ slice: 1 })).rejects.toMatchObject(disposed);
    await expect(p.read("y")).rejects.toMatchObject(disposed);
    await expect(profileProgram(p)).rejects.toMatchObject(disposed);
    expect(() => p.setInput("x", noise(32))).toThrow(expect.objectContaining(disposed));
  });

  test("disposed while it is read fails that read with `disposed`", async () => {
    const device = await testDevice();
    const p = await Program.compile(everything(device).g, device);
    await p.run({ inputs: { x: noise(32) } });
    const reading = p.read("y");
    p.dispose();
    await expect(reading).rejects.toMatchObject({ code: "disposed" });
  });
});

describe("a compile that fails leaves nothing behind", () => {
  test("out of memory names what was wanted and the largest buffers", async () => {
    const c = await countedDevice();
    const { device } = c;
    const { g, table } = everything(device);
    c.instead.popErrorScope = async (real) => {
      await real();
      // Validation is popped first, then out-of-memory.
      return c.calls.popErrorScope % 2 ? null : { message: "no room" };
    };
    c.reset();
    // Shader modules open a scope as well: one each, before those of the buffers.
    const promise = Program.compile(g, device, { name: "big" });
    await expect(promise).rejects.toMatchObject({
      code: "out-of-memory",
      message: expect.stringMatching(/^big: the adapter has no room \(.* MiB wanted in all; largest: big .*\); use a/),
    });
    expect(device.allocated).toBe(0);
    expect(isAllocated(table.storage!)).toBe(false);
    Object.assign(c.instead, { popErrorScope: undefined });
    (await Program.compile(g, device)).dispose();
    c.close();
  });

  test("a binding that the adapter refuses is an error of the compile, not of some later call", async () => {
    const device = await testDevice();
    const start = device.allocated;
    const storage = device.alloc("short", 64);
    const g = new Graph(device.target);
    const w = g.external("w", [64], "f32", { ...storage, bytes: 256 });
    g.output("y", times(g, w, 2));
    await expect(Program.compile(g, device, { name: "wrong" })).rejects.toMatchObject({
      code: "usage",
      message: expect.stringMatching(/^wrong: the adapter refused it \(.*\); check what the graph binds/),
    });
    device.free(storage);
    expect(device.allocated).toBe(start);
  });
});

describe("a device of our own", () => {
  let device: Device;
  beforeEach(async () => void (device = await openNodeDevice({ sizesAs: "uniform" })));
  afterEach(() => device.dispose());

  test("says once that it is software, with what to do", async () => {
    const said: string[] = [];
    const other = await openNodeDevice({ onSoftware: (message, fix) => said.push(message, fix) });
    expect(said).toHaveLength(isSoftware(other.info) ? 2 : 0);
    if (said.length) expect(said[0]).toContain(`${other.name} is a software adapter`);
    other.dispose();
  });

  test("asks for what the adapter has: limits not below WebGPU's base, and timestamps", () => {
    expect(device.state).toBe("alive");
    expect(device.target.limits.maxStorageBufferBindingSize).toBeGreaterThanOrEqual(2 ** 27);
    expect(device.target.limits.maxComputeWorkgroupsPerDimension).toBeGreaterThanOrEqual(65535);
    expect(device.name).not.toBe("unknown adapter");
  });

  test("lost: the next call throws `device-lost` with what to do; dispose still works", async () => {
    const p = await Program.compile(everything(device).g, device, { name: "p" });
    await p.run({ inputs: { x: noise(32) } });
    device.gpu.destroy();
    await device.gpu.lost;
    const lost = { code: "device-lost", fix: "open a new device and load the model again" };
    expect(device.state).toBe("lost");
    await expect(p.run()).rejects.toMatchObject(lost);
    await expect(p.run({ slice: 1 })).rejects.toMatchObject(lost);
    await expect(p.read("y")).rejects.toMatchObject(lost);
    await expect(profileProgram(p)).rejects.toMatchObject(lost);
    await expect(Program.compile(everything(device).g, device)).rejects.toMatchObject(lost);
    expect(() => p.setInput("x", noise(32))).toThrow(expect.objectContaining(lost));
    expect(() => device.alloc("a", 16)).toThrow(expect.objectContaining(lost));
    p.dispose();
    expect(device.allocated).toBe(0);
    device.dispose();
    await expect(p.run()).rejects.toMatchObject({ code: "disposed" });
  });

  test("lost while it reads, downloads, compiles or runs slices: `device-lost`, and no rejection that nobody sees", async () => {
    const p = await Program.compile(everything(device).g, device, { name: "p" });
    await p.run({ inputs: { x: noise(32) } });
    const storage = device.alloc("w", 64);
    const fresh = new Graph(device.target);
    fresh.output("y", times(fresh, fresh.input("x", [4]), 17));
    const underway = [
      p.read("y"),
      device.download(storage),
      Program.compile(fresh, device),
      device.guard("room", () => device.alloc("more", 64)),
      p.run({ slice: 1e-6 }),
    ];
    device.gpu.destroy();
    for (const end of await Promise.allSettled(underway)) {
      expect(end).toMatchObject({ status: "rejected", reason: { code: "device-lost" } });
    }
    expect(device.state).toBe("lost");
  });

  test("disposed: everything throws `disposed`, and the GPUDevice is gone", async () => {
    const p = await Program.compile(everything(device).g, device, { name: "p" });
    const { gpu } = device;
    device.dispose();
    expect(device.allocated).toBe(0);
    expect((await gpu.lost).reason).toBe("destroyed");
    expect(device.state).toBe("disposed");
    await expect(p.run()).rejects.toMatchObject({ code: "disposed" });
    await expect(Program.compile(everything(device).g, device)).rejects.toMatchObject({ code: "disposed" });
    p.dispose();
    device.dispose();
  });

  test("work that the adapter refuses outside of a compile throws at the next call instead of giving wrong numbers", async () => {
    const first = everything(device);
    const p = await Program.compile(first.g, device, { name: "first" });
    const g = new Graph(device.target);
    g.output("y", times(g, g.import(first.table), 2));
    const q = await Program.compile(g, device, { name: "second" });
    p.dispose();
    await q.run();
    await expect(q.read("y")).rejects.toMatchObject({
      code: "usage",
      message: expect.stringMatching(/^second: the adapter refused earlier work \(.*destroyed.*\)/),
    });
    q.dispose();
    expect(() => device.check("after")).not.toThrow();
  });

  test("takes no upload beyond a storage's end", () => {
    const storage = device.alloc("w", 32);
    expect(() => device.upload(storage, new Float32Array(5), 16)).toThrow(/w: has 32 bytes and is given 20 at 16/);
    device.upload(storage, new Float32Array(4), 16);
  });

  test("downloads a range of a buffer, and keeps no staging", async () => {
    const storage = device.alloc("w", 512);
    device.upload(
      storage,
      Float32Array.from({ length: 128 }, (_, i) => i),
    );
    const bytes = await device.download({ ...storage, offset: 256, bytes: 16 });
    expect([...new Float32Array(bytes)]).toEqual([64, 65, 66, 67]);
    expect(device.allocated).toBe(512);
    device.free(storage);
    device.free(storage);
    expect(device.allocated).toBe(0);
  });
});

test("a borrowed device stays alive when ours is disposed; only our buffers go", async () => {
  const owner = await openNodeDevice();
  const theirs = owner.gpu.createBuffer({ size: 16, usage: 4 /* COPY_SRC */ | 8 /* COPY_DST */ });
  const ours = new Device(owner.gpu, owner.info, false);
  const p = await Program.compile(everything(ours).g, ours);
  await p.run({ inputs: { x: noise(32) } });
  ours.dispose();
  expect(ours.state).toBe("disposed");
  await expect(p.run()).rejects.toMatchObject({ code: "disposed" });
  owner.upload({ buffer: theirs, offset: 0, bytes: 16, label: "theirs" }, Float32Array.of(1, 2, 3, 4));
  const back = await owner.download({ buffer: theirs, offset: 0, bytes: 16, label: "theirs" });
  expect([...new Float32Array(back)]).toEqual([1, 2, 3, 4]);
  expect(owner.state).toBe("alive");
  owner.dispose();
});

test("a shared buffer may be bound by one dispatch for reading, twice", async () => {
  const device = await testDevice();
  const storage = device.alloc("both", 512);
  device.upload(
    storage,
    Float32Array.from({ length: 128 }, (_, i) => i),
  );
  const g = new Graph(device.target);
  const [a, b] = [0, 256].map((offset) => g.external(`w${offset}`, [4], "f32", { ...storage, offset, bytes: 16 }));
  const y = g.temp("y", [4]);
  elementwise(g, "minus", "y[i] = a[i] - b[i];", { a: read(a), b: read(b), y: write(y) }, y);
  g.output("y", y);
  const p = await Program.compile(g, device);
  await p.run();
  expect([...(await p.read("y"))]).toEqual([-64, -64, -64, -64]);
  p.dispose();
  device.free(storage);
});
