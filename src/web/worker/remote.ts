// The page's side of a session in a worker: calls and their answers, progress, events, an end.

import { SpadeError } from "../../runtime/errors.ts";
import { Announcing, type Notice } from "../../session/announcing.ts";
import type { Progress } from "../../session/api.ts";
import type { Answer, ArgumentsOf, News, PlainError, ResultOf, Table } from "./messages.ts";

/** What is in the worker, for messages. */
export interface Kind {
  /** "Spade" */
  readonly name: string;
  /** "createSpade" */
  readonly create: string;
  /** The worker's script, as the package exports it. */
  readonly script: string;
}

interface Pending {
  resolve(result: never): void;
  reject(error: unknown): void;
}

const restored = ({ message, spade }: PlainError): Error =>
  spade ? new SpadeError(spade.code, spade.where, spade.problem, spade.fix) : new Error(message);

/** The error of a worker that does not start. */
export const notStarted = ({ create, script }: Kind, why: string, cause?: unknown): SpadeError =>
  new SpadeError(
    "unsupported",
    "worker",
    `it does not run (${why})`,
    `give ${create}({ worker: () => new Worker(...) }) with the script ${script}, a module`,
    cause,
  );

let count = 0;
/** A number for a call, or for what calls speak of. */
export const nextNumber = (): number => ++count;

export abstract class RemoteSession<C extends Table<C>> extends Announcing {
  private readonly pending = new Map<number, Pending>();
  private disposed = false;
  /** Events that came before anybody could listen. */
  private readonly early: (() => void)[] = [];
  private opened = false;

  constructor(
    private readonly worker: Worker,
    private readonly kind: Kind,
    private readonly onProgress: ((p: Progress) => void) | undefined,
  ) {
    super();
    worker.onmessage = ({ data }: MessageEvent<Answer | News | object>) => {
      this.hear(data);
      if ("progress" in data) this.onProgress?.(data.progress);
      else if ("event" in data) this.hearEvent(data);
      else if ("id" in data) this.answer(data);
    };
    worker.onerror = (event) => {
      event.preventDefault?.();
      this.end(notStarted(kind, event.message || "the script can't be loaded"));
    };
  }

  /** Takes what a message of the worker says besides. */
  protected hear(_: object): void {
    return;
  }

  private hearEvent({ event, detail }: Extract<News, { event: string }>): void {
    const tell = (): void => (event === "notice" ? this.announce(detail as Notice) : this.tell(event, detail));
    if (this.opened) tell();
    else this.early.push(tell);
  }

  private answer(answer: Answer): void {
    const call = this.pending.get(answer.id);
    this.pending.delete(answer.id);
    if ("error" in answer) call?.reject(restored(answer.error));
    else call?.resolve(answer.result as never);
  }

  /** @internal */
  call<K extends keyof C>(
    call: K,
    args: ArgumentsOf<C, K>,
    { signal, transfer = [] }: { signal?: AbortSignal; transfer?: Transferable[] } = {},
  ): Promise<ResultOf<C, K>> {
    if (this.disposed) return Promise.reject(this.gone());
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    const id = nextNumber();
    return new Promise<ResultOf<C, K>>((resolve, reject) => {
      const stop = (): void => {
        this.worker.postMessage({ abort: id });
        reject(signal!.reason as Error);
      };
      signal?.addEventListener("abort", stop, { once: true });
      const end =
        <T>(then: (value: T) => void) =>
        (value: T): void => {
          signal?.removeEventListener("abort", stop);
          then(value);
        };
      this.pending.set(id, { resolve: end(resolve), reject: end(reject) });
      try {
        this.worker.postMessage({ id, call, args }, transfer);
      } catch (cause) {
        this.pending.delete(id);
        const problem = `takes only what can be sent to a worker (${(cause as Error).message})`;
        reject(
          new SpadeError("usage", "worker", problem, "give weights as an address, a Blob, bytes or a stream", cause),
        );
      }
    });
  }

  /** The net is open: events may come, once the caller of create has had time to add a listener. */
  protected begin(): void {
    this.opened = true;
    setTimeout(() => this.early.splice(0).forEach((tell) => tell()), 0);
  }

  private gone(): SpadeError {
    return new SpadeError("disposed", "worker", `this ${this.kind.name} was disposed`, "create a new one");
  }

  /** @internal @throws SpadeError disposed */
  check(): void {
    if (this.disposed) throw this.gone();
  }

  /** @internal Sends an error that no call can throw as the event `notice`. */
  announceFailure(error: unknown): void {
    if (this.disposed) return;
    const { code = "usage", message, fix = "" } = error as SpadeError;
    this.announce({ code, message, fix });
  }

  private end(error: unknown): void {
    this.disposed = true;
    this.worker.terminate();
    for (const { reject } of this.pending.values()) reject(error);
    this.pending.clear();
  }

  dispose(): void {
    if (!this.disposed) this.end(this.gone());
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
