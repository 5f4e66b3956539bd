// Waiting for a software adapter. While a promise of WebGPU is open, Dawn's binding for Node asks for it as often as the event loop turns,
// and so takes a core from the adapter that computes on those cores. A turn that sleeps a millisecond leaves it alone, and lets what else
// waits in the loop run as before. lavapipe, 2 cores, 60 matrix products: 0.90 s of CPU, 0.60 resting.

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

/** Gives what `promise` gives; until then every turn of the event loop sleeps. */
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
