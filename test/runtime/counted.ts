// A GPUDevice whose calls are counted, and may be answered by a test instead of the adapter.

import { openNodeDevice } from "../../src/node/dawn.ts";
import { Device, type OpenOptions } from "../../src/runtime/index.ts";

export interface Counted {
  device: Device;
  /** Calls by name since the last reset: create*, writeBuffer, submit ... */
  calls: Record<string, number>;
  reset(): void;
  /** What a call does instead; it gets the true one. */
  instead: Record<string, (real: (...args: never[]) => unknown, args: unknown[]) => unknown>;
  /** Destroys the GPUDevice. */
  close(): void;
}

/** A borrowed device (ours on top of a GPUDevice that is not ours). */
export async function countedDevice(options: Pick<OpenOptions, "sizesAs"> = {}): Promise<Counted> {
  const opened = await openNodeDevice(options);
  const c: Omit<Counted, "device"> = {
    calls: {},
    reset: () => Object.keys(c.calls).forEach((k) => delete c.calls[k]),
    instead: {},
    close: () => opened.dispose(),
  };
  const wrap = <T extends object>(object: T): T =>
    new Proxy(object, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key, target);
        if (key === "queue") return wrap(value as object);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => {
          const name = String(key);
          c.calls[name] = (c.calls[name] ?? 0) + 1;
          const real = (value as (...a: unknown[]) => unknown).bind(target);
          return c.instead[name] ? c.instead[name](real, args) : real(...args);
        };
      },
      set: (target, key, value) => Reflect.set(target, key, value, target),
    });
  return Object.assign(c, { device: new Device(wrap(opened.gpu), opened.info, false, options) });
}
