// Waits for a software adapter. While a WebGPU promise is pending, Dawn's Node binding polls it on every turn of the
// event loop, and so takes a core from the adapter, which computes on the same cores. A sleep of 1 ms per turn frees
// the core, and other work in the loop still runs. lavapipe, 2 cores, 60 matrix products: 0.90 s of CPU without sleep,
// 0.60 s with it.

const NAP_MS = 1;
const never = new Int32Array(new SharedArrayBuffer(4));
let waiting = 0;
let napping = false;

function nap(): void {
  napping = waiting > 0;
  if (!napping) return;
  Atomics.wait(never, 0, 0, NAP_MS);
  setImmediate(nap);
}

/** Resolves or rejects like `promise`; until then every turn of the event loop sleeps. */
export async function rest<T>(promise: Promise<T>): Promise<T> {
  waiting++;
  if (!napping) {
    napping = true;
    setImmediate(nap);
  }
  try {
    return await promise;
  } finally {
    waiting--;
  }
}
