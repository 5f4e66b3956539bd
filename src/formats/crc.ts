// Cyclic redundancy checks of 32 bits, reflected: CRC-32 of zip files, CRC-32C of event files. Node's zlib.crc32 is not in pages.

/** Eight tables: the check of a byte followed by 0 to 7 zero bytes, so that eight bytes are taken at once. */
function tablesOf(polynomial: number): Int32Array[] {
  const first = Int32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    return crc;
  });
  const tables = [first];
  for (let k = 1; k < 8; k++) tables.push(tables[k - 1].map((crc) => (crc >>> 8) ^ first[crc & 255]));
  return tables;
}

type Crc = (bytes: Uint8Array, before?: number) => number;

/** `before`: the check of the bytes before these, for data in pieces. */
function crcOf(polynomial: number): Crc {
  let tables: Int32Array[] | undefined;
  return (bytes, before = 0) => {
    const [t0, t1, t2, t3, t4, t5, t6, t7] = (tables ??= tablesOf(polynomial));
    let crc = ~before;
    let i = 0;
    for (const end = bytes.length - 7; i < end; i += 8) {
      const low = crc ^ (bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24));
      crc =
        t7[low & 255] ^
        t6[(low >>> 8) & 255] ^
        t5[(low >>> 16) & 255] ^
        t4[low >>> 24] ^
        t3[bytes[i + 4]] ^
        t2[bytes[i + 5]] ^
        t1[bytes[i + 6]] ^
        t0[bytes[i + 7]];
    }
    for (; i < bytes.length; i++) crc = (crc >>> 8) ^ t0[(crc ^ bytes[i]) & 255];
    return ~crc >>> 0;
  };
}

/** CRC-32 of zip, gzip and PNG. */
export const crc32 = crcOf(0xedb88320);
/** CRC-32C (Castagnoli), as defined in RFC 3720. */
export const crc32c = crcOf(0x82f63b78);
