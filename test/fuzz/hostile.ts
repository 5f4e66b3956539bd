// Files that were made to do harm: small ones that would fill the memory or take minutes, and false sizes.

import { crc32c } from "../../src/formats/crc.ts";
import { zipOf } from "../formats/zips.ts";
import { dictOf, i64, legacyFile, P, rebuildTensor, storage, u32 } from "../formats/pickles.ts";

/** Makes a file. */
export type Make = () => Uint8Array;

const MB = 1 << 20;
export const text = (s: string): Uint8Array => new TextEncoder().encode(s);

/** `bytes` bytes of one piece again and again. */
function repeated(piece: readonly number[], bytes: number): Uint8Array {
  const times = Math.floor(bytes / piece.length);
  return Buffer.alloc(times * piece.length).fill(Buffer.from(piece));
}

/** Bodies of pickles. */
function bodies(): Make[] {
  const ordered = [...P.global("collections", "OrderedDict"), 0x29, ...P.reduce];
  const pieces = [
    P.dict,
    P.mark,
    P.list,
    P.none,
    [0x8f],
    [0x29],
    [...P.dict, 0x94],
    [...P.none, 0x30],
    [...P.none, 0x32],
    [0x47, 0x3f, 0xf0, 0, 0, 0, 0, 0, 1],
    P.text("a"),
    P.text("a".repeat(1000)),
    [0x43, 0],
    [0x8a, 255, ...new Array<number>(255).fill(0x7f)],
    P.global("torch", "FloatStorage"),
    ordered,
    [...P.mark, ...P.none],
  ];
  const long = [...P.text("n".repeat(100_000)), ...P.put(1)];
  const tensor = rebuildTensor(storage("torch FloatStorage", "0", "cpu", 1), 0, [1], [1]);
  const inner = Array.from({ length: 600 }, (_, i) => [...P.text(`w${i}`), ...tensor]).flat();
  return [
    ...pieces.map((piece) => () => repeated(piece, 8 * MB)),
    () => Buffer.from([0x8e, ...i64(8 * 2 ** 30)]),
    () => Buffer.from([0x8d, ...i64(8 * 2 ** 30)]),
    () => Buffer.from([0x58, ...u32(0xffffffff)]),
    () => Buffer.from([...long, 0x30, ...dictOf("n".repeat(100_000), [...P.dict, ...P.mark, ...inner, ...P.setItems])]),
  ];
}

const pickleOf = (body: Uint8Array): Uint8Array => Buffer.concat([Buffer.from(P.proto), body, Buffer.from(P.stop)]);

export function hostileZips(): Make[] {
  const one = (bytes: Uint8Array, more: object = {}): Uint8Array => zipOf([{ name: "a/data.pkl", bytes, ...more }]);
  return [
    ...bodies().map((body) => () => one(pickleOf(body()))),
    ...bodies().map((body) => () => one(pickleOf(body()), { deflate: true })),
    () => one(new Uint8Array(64 * MB), { deflate: true }),
    () => one(new Uint8Array(64 * MB), { deflate: true, claims: 1000 }),
    () => zipOf(Array.from({ length: 50_000 }, (_, i) => ({ name: String(i), bytes: new Uint8Array(0) }))),
  ];
}

export function hostileLegacy(): Make[] {
  const rest = legacyFile([]);
  const end = rest.length - 5;
  // Before the object's STOP, behind its protocol.
  return bodies().map(
    (body) => () => Buffer.concat([rest.subarray(0, end - 2), Buffer.from(P.proto), body(), rest.subarray(end - 1)]),
  );
}

function tarOf(members: readonly [string, Uint8Array][]): Uint8Array {
  const parts = members.flatMap(([name, bytes]) => {
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write(`${bytes.length.toString(8).padStart(11, "0")}\0`, 124);
    header.write("0", 156);
    header.write("ustar", 257);
    return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
  });
  return Buffer.concat(parts);
}

export function hostileTars(): Make[] {
  const pickle = (body: number[]): number[] => [...P.proto, ...body, ...P.stop];
  const none = Buffer.from([...pickle([0x4b, 0]), ...pickle(P.list)]);
  const whole = (storages: Uint8Array, object: Uint8Array): Uint8Array =>
    tarOf([
      ["storages", storages],
      ["tensors", none],
      ["pickle", object],
    ]);
  const empty = pickle([...P.mark, 0x4b, 1, 0x4b, 1, ...P.global("torch", "FloatStorage"), ...P.tuple]);
  const count = 60_000;
  const storages = repeated([...empty, ...i64(0)], count * (empty.length + 8));
  return [
    ...bodies().map((body) => () => whole(none, pickleOf(body()))),
    () => whole(Buffer.concat([Buffer.from(pickle([0x4a, ...u32(count)])), storages]), none),
    () => tarOf(Array.from({ length: 20_000 }, (_, i) => [String(i), new Uint8Array(0)])),
  ];
}

/** A safetensors file of a header alone. */
function headerOf(json: string): Uint8Array {
  const bytes = text(json);
  return Buffer.concat([Buffer.from(i64(bytes.length)), bytes]);
}

/** JSON that V8 unfolds to many times its size, or that is nested very deeply. */
export function hostileJson(): Make[] {
  const makers: (() => string)[] = [
    () => "[".repeat(200_000),
    () => `${"[".repeat(200_000)}${"]".repeat(200_000)}`,
    () => `{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`,
    () => `[${"[],".repeat(3 * MB)}[]]`,
    () => `[${"{},".repeat(3 * MB)}{}]`,
    () => `{${Array.from({ length: 300_000 }, (_, i) => `"${i}":0`).join(",")}}`,
    () => `"${"x".repeat(8 * MB)}"`,
    () => " ".repeat(8 * MB),
    () => "1".repeat(MB),
    () => '[{"id":0,"name":"a","color":"#000"},{"id":1000000000,"name":"b","color":"#fff"}]',
  ];
  return makers.map((make) => () => text(make()));
}

export function hostileSafetensors(): Make[] {
  const nested = `${"[".repeat(50_000)}${"]".repeat(50_000)}`;
  const empty = (name: string, shape: string): string =>
    `"${name}":{"dtype":"F32","shape":${shape},"data_offsets":[0,0]}`;
  const many = (count: number, name: (i: number) => string, shape: string): string =>
    Array.from({ length: count }, (_, i) => empty(name(i), shape)).join(",");
  const makers: (() => string)[] = [
    ...hostileJson().map((json) => () => `{"a":${new TextDecoder().decode(json())}}`),
    () => `{"__metadata__":{"config":${JSON.stringify(`{"ngf":${nested}}`)}}}`,
    () => `{"__metadata__":{"styles":${JSON.stringify(nested)},"labels":${JSON.stringify(nested)}}}`,
    () => `{"__metadata__":{"a":${nested}}}`,
    () => `{${many(60_000, (i) => `block_${i}.conv_block.1.weight`, "[0]")}}`,
    () =>
      `{${empty("model.1.weight", "[0,1,1,1]")},${many(130_000, (i) => `model.${i}.conv_block.1.weight`, "[0,1,1,1]")}}`,
    () => `{"a":{"dtype":"F32","shape":[${"1,".repeat(200_000)}1],"data_offsets":[0,4]}}`,
    () => `{${empty("w".repeat(4 * MB), "[1]")}}`,
  ];
  return makers.map((make) => () => headerOf(make()));
}

/** Event files of one record with right checksums, whose data is no event. */
export function hostileEvents(): Make[] {
  const u32le = (v: number): number[] => [v & 255, (v >>> 8) & 255, (v >>> 16) & 255, v >>> 24];
  const masked = (bytes: Uint8Array): number[] => {
    const crc = crc32c(bytes);
    return u32le((((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0);
  };
  const record = (data: number[]): Uint8Array => {
    const length = Uint8Array.from(i64(data.length));
    return Uint8Array.from([...length, ...masked(length), ...data, ...masked(Uint8Array.from(data))]);
  };
  const time = [9, 0, 0, 0, 0, 0, 0, 0, 0];
  const bodies = [
    [],
    [9],
    [9, 0],
    time,
    [...time, 16],
    [...time, 16, ...new Array<number>(30).fill(255)],
    [255, 255, 255],
  ];
  return bodies.map((body) => () => record(body));
}

/** Text of many lines, one long line, many spaces. */
export function hostileText(): Make[] {
  const makers = [
    () => "\n".repeat(4 * MB),
    () => `a: ${" ".repeat(MB / 2)}x`,
    () => `a: ${"\t[default: ".repeat(90_000)}`,
    () => "a: b\n".repeat(200_000),
  ];
  return makers.map((make) => () => text(make()));
}
