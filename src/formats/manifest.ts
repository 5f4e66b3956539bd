// A manifest: the hashes of a weights file and of its parts. It lies beside the file, as FILE.json (npx spade-webgpu manifest writes it).

/** Bytes of a part; the last may be shorter. */
export const PART = 4 * 2 ** 20;

export interface Manifest {
  readonly bytes: number;
  /** Of the whole file, in hexadecimal. */
  readonly sha256?: string;
  /** Of each part of PART bytes. */
  readonly parts: readonly string[];
}

export async function sha256(bytes: Uint8Array): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
  return Array.from(hash, (b) => b.toString(16).padStart(2, "0")).join("");
}

/** `integrity` as <script> has it: base64. */
export const integrityOf = (hex: string): string =>
  `sha256-${btoa(hex.replace(/../g, (byte) => String.fromCharCode(parseInt(byte, 16))))}`;

const isHash = (v: unknown): v is string => typeof v === "string" && /^[0-9a-f]{64}$/.test(v);

/** The manifest in a JSON text; undefined if it is none (a page that answers every address, an older list of files). */
export function parseManifest(text: string): Manifest | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { bytes, sha256: whole, parts } = (value ?? {}) as Record<string, unknown>;
  const count = Math.ceil(Number(bytes) / PART);
  if (!Number.isSafeInteger(bytes) || !Array.isArray(parts) || parts.length !== count) return undefined;
  if (!parts.every(isHash) || (whole !== undefined && !isHash(whole))) return undefined;
  return { bytes: Number(bytes), sha256: whole, parts };
}
