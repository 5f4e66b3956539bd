import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { convInput, convWeight, openConvOrt } from "../../bench/peers/convs.ts";
import { OrtPeer } from "../../bench/peers/ort.ts";
import { PeerProcess } from "../../bench/peers/process.ts";

describe("a peer process", () => {
  let folder: string;
  beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "peers-"))));
  afterAll(() => rmSync(folder, { recursive: true }));

  it("runs a convolution in onnxruntime as often as asked", async () => {
    const shape = { cin: 3, cout: 2, k: 3, h: 5, w: 4 };
    const peer = await openConvOrt(shape, "cpu", folder);
    try {
      expect((await peer.run(3)).ms.length).toBe(3);
      const { y } = (await peer.run()).outputs;
      expect(y.shape).toEqual([1, 2, 5, 4]);
      const [x, w] = [convInput(shape).data, convWeight(shape).data];
      // Output channel 1, the pixel in row 1 and column 2: no tap outside.
      let sum = 0;
      for (let c = 0; c < 3; c++)
        for (let i = 0; i < 3; i++)
          for (let j = 0; j < 3; j++) sum += w[(3 + c) * 9 + i * 3 + j] * x[c * 20 + i * 4 + (1 + j)];
      expect(y.data[20 + 4 + 2]).toBeCloseTo(sum, 6);
    } finally {
      await peer.stop();
    }
  });

  it("passes the peer's error on", async () => {
    await expect(OrtPeer.open(join(folder, "no.onnx"), "cpu")).rejects.toThrow(/onnxruntime cpu: .*no\.onnx/);
  });

  it("says so when the child has ended, and gives up on one that hangs", async () => {
    const ended = new PeerProcess("ended", "ort_child.mjs");
    const question = ended.ask({ do: "run", repeats: 1 });
    await ended.stop();
    await expect(question).rejects.toThrow(/ended/);
    await expect(ended.ask({ do: "run", repeats: 1 })).rejects.toThrow(/has ended/);
    const slow = new PeerProcess("slow", "ort_child.mjs");
    await expect(slow.ask({ do: "open", model: folder, ep: "cpu" }, 1)).rejects.toThrow(/no answer within 1 ms/);
    await slow.stop();
  });
});
