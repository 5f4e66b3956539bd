import { describe, expect, test } from "vitest";
import { foreign, SpadeError } from "../../src/runtime/errors.ts";

describe("text from files", () => {
  test("neither forges a line nor commands the terminal", () => {
    expect(foreign("a\nerror: b\tc\x1b[31m\x7f\x9b")).toBe("a\\nerror: b\\tc\\x1b[31m\\x7f\\x9b");
    expect(foreign("x\u2028y\u202egnp.exe\ufeff\ud800")).toBe("x\\u{2028}y\\u{202e}gnp.exe\\u{feff}\\u{d800}");
  });
  test("keeps what people write: accents, other scripts, emoji", () => {
    const text = "café, Straße, 山, 🏔";
    expect(foreign(text)).toBe(text);
  });
  test("keeps the beginning and the end of a long name, within the length, without half a character", () => {
    expect(foreign("module." + "a".repeat(300) + ".weight", 60)).toBe(
      "module.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...aaaaaaaa.weight",
    );
    for (let most = 20; most < 40; most++)
      for (const text of ["🏔".repeat(100), "\x1b".repeat(5000), "ab🏔".repeat(1e5)]) {
        const shown = foreign(text, most);
        expect(shown.length).toBeLessThanOrEqual(most);
        expect(shown).not.toMatch(/\p{Cs}/u);
      }
  });
  test("in every part of an error, however long it was", () => {
    const error = new SpadeError("file", "a\nb", "x".repeat(1e6), "\x1b[2J");
    expect(error.message).toMatch(/^a\\nb: x+\.\.\.x+; \\x1b\[2J$/);
    expect(error.message.length).toBeLessThan(700);
  });
});
