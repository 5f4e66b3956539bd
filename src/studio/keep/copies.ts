// Copies in localStorage of documents that a database is about to write: it may not end with a page that is left at once.

import { fromBase64Url, toBase64Url } from "../files/code.ts";

/** Bytes in a JSON text. */
const BYTES = "base64url ";

/** @param name of the database */
export class Copies {
  constructor(private readonly name: string) {}

  private at(key: string): string {
    return `${this.name} copy ${key}`;
  }

  /** At once, where there is room. */
  put(key: string, value: object): void {
    const bytes = (_: string, v: unknown): unknown => (v instanceof Uint8Array ? BYTES + toBase64Url(v) : v);
    try {
      localStorage.setItem(this.at(key), JSON.stringify(value, bytes));
    } catch {
      // The database alone has it then.
    }
  }

  /** All that are left: of keys, what was put, which the caller checks. */
  left(): Map<string, unknown> {
    const bytes = (_: string, v: unknown): unknown =>
      typeof v === "string" && v.startsWith(BYTES) ? fromBase64Url(v.slice(BYTES.length)) : v;
    const found = new Map<string, unknown>();
    try {
      for (const at of Object.keys(localStorage).filter((at) => at.startsWith(this.at(""))))
        found.set(at.slice(this.at("").length), JSON.parse(localStorage.getItem(at)!, bytes));
    } catch {
      // The browser forbids it, or another program has written there.
    }
    return found;
  }

  remove(key: string): void {
    try {
      localStorage.removeItem(this.at(key));
    } catch {
      // It forbids this as it forbade the copy.
    }
  }
}
