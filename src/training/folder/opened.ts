// What a run opens is closed in reverse order.

/** Collects what a run opens, and closes it in reverse order. */
export class Opened {
  private readonly closers: (() => void | Promise<void>)[] = [];

  add<T>(value: T, close: (value: T) => void | Promise<void>): T {
    this.closers.push(() => close(value));
    return value;
  }

  /** Closes all, also where one fails; then the first failure is thrown. */
  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (const close of this.closers.reverse()) {
      try {
        await close();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length) throw failures[0];
  }
}
