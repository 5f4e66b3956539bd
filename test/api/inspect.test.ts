// inspect: what a weights file says of its net, without loading it.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { inspect } from "../../src/node.ts";
import { plain, vae, weights } from "./tiny.ts";

test("gives config, sizes, labels and style from bytes and from a path", async () => {
  const bytes = await weights(vae);
  const info = await inspect(bytes);
  expect(info).toMatchObject({ width: 64, height: 64, bytes: bytes.length, dtype: "f32", notice: null, guessed: [] });
  expect(info.config).toMatchObject({ label_nc: vae.label_nc, netG: "spade", use_vae: true });
  expect(info.labels[0]).toMatchObject({ id: 0, color: expect.stringMatching(/^#/) as string });
  expect(info.style).toMatchObject({ dim: vae.z_dim, presets: [] });
  const street = await inspect("weights/street_net_G.safetensors");
  expect(street).toMatchObject({ width: 128, height: 96, dtype: "f16" });
  expect(street.labels[0].name).toBe("sky");
  expect(street.style!.presets[0].name).toBe("mean");
});

test("asks a server for the first kilobytes alone", async () => {
  const bytes = await weights(plain);
  const ranges: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    ranges.push(request.headers.range);
    const to = Number(/-(\d+)$/.exec(request.headers.range ?? "")?.[1]);
    const part = bytes.subarray(0, to + 1);
    response.writeHead(206, { "content-range": `bytes 0-${part.length - 1}/${bytes.length}` }).end(part);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/net.safetensors`;
    expect(await inspect(url)).toEqual(await inspect(bytes));
    expect(ranges).toEqual(["bytes=0-131071"]);
    expect(bytes.length).toBeGreaterThan(131072);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test("refuses what is no source, and what is no checkpoint", async () => {
  await expect(inspect(7 as never)).rejects.toMatchObject({ code: "usage", where: "inspect" });
  await expect(inspect(new Uint8Array(600))).rejects.toMatchObject({ code: "file" });
});
