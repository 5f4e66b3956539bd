// An event target whose notices are lines in the console while nobody listens to them.

/** What a "notice" event says. */
export interface Notice {
  readonly code: string;
  readonly message: string;
  readonly fix: string;
}

/** Messages that this process has already written to the console. */
const announced = new Set<string>();

export class Announcing extends EventTarget {
  private watched = false;

  override addEventListener(...args: Parameters<EventTarget["addEventListener"]>): void {
    if (args[0] === "notice") this.watched = true;
    super.addEventListener(...args);
  }

  /** @internal */
  tell(type: string, detail: object = {}): void {
    this.dispatchEvent(Object.assign(new Event(type), detail));
  }

  /** @internal Sends a notice; without a listener, it is one line in the console. */
  announce({ code, message, fix }: Notice): void {
    if (this.watched) this.tell("notice", { code, message, fix });
    else if (!announced.has(message)) console.warn(`spade-webgpu: ${message}; ${fix}`);
    announced.add(message);
  }
}
