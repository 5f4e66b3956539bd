// Ctrl-C, SIGTERM and SIGHUP (a closed terminal) during long work: the first asks it to stop cleanly, the second exits at once.

/** One key press may arrive twice: from the terminal, and forwarded by npx, npm or the process that filters stderr (native_noise.ts). */
const ONE_PRESS_MS = 500;

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** Calls `tidy` when the process exits, and before a signal that nothing else handles ends it. */
export function tidyAtEnd(tidy: () => void): void {
  process.on("exit", tidy);
  // Not SIGHUP: nohup makes processes ignore it.
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    const handler = (): void => {
      if (process.listenerCount(name) > 1) return;
      tidy();
      // The shell sees that the signal ended it.
      process.off(name, handler);
      process.kill(process.pid, name);
    };
    process.on(name, handler);
  }
}

/** Runs `body` with an AbortSignal. The first of SIGNALS aborts it and prints `asked` with `say`; the second exits with its code. */
export async function interruptible<T>(
  asked: string,
  say: (line: string) => void,
  body: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  let first = 0;
  const handlers = Object.entries(SIGNALS).map(([name, code]) => {
    const handler = (): void => {
      if (!controller.signal.aborted) {
        first = performance.now();
        say(`${asked}; press again to stop at once`);
        controller.abort();
      } else if (performance.now() - first > ONE_PRESS_MS) process.exit(code);
    };
    process.on(name, handler);
    return { name, handler };
  });
  try {
    return await body(controller.signal);
  } finally {
    for (const { name, handler } of handlers) process.off(name, handler);
  }
}
