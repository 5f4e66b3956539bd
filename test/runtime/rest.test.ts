import { expect, test } from "vitest";
import { rest } from "../../src/node/rest.ts";

const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** Turns of the event loop until `promise` is settled. */
async function turns(promise: Promise<unknown>): Promise<number> {
  let count = 0;
  let open = true;
  const turn = (): void => {
    count++;
    if (open) setImmediate(turn);
  };
  setImmediate(turn);
  await promise;
  open = false;
  return count;
}

test("the event loop sleeps while something is waited for, and only then", async () => {
  const start = performance.now();
  const resting = await turns(Promise.all([rest(sleep(60)), rest(sleep(30))]));
  expect(resting).toBeLessThan(performance.now() - start + 2);
  expect(resting).toBeGreaterThan(2);
  await sleep(5);
  let open = true;
  setTimeout(() => (open = false), 60);
  let quick = 0;
  for (let last = performance.now(); open;) {
    await new Promise((done) => setImmediate(done));
    const now = performance.now();
    // A turn that does not sleep takes microseconds.
    if (now - last < 0.5) quick++;
    last = now;
  }
  expect(quick).toBeGreaterThan(100);
});

test("values and errors pass", async () => {
  expect(await rest(Promise.resolve(7))).toBe(7);
  await expect(rest(Promise.reject(new Error("lost")))).rejects.toThrow("lost");
});
