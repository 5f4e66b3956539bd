// The worker's side of calls.

import type { SpadeError } from "../../runtime/errors.ts";
import type { Answer, ArgumentsOf, News, PlainError, Request, ResultOf, SpadeNews, Table } from "./messages.ts";

/** A worker's global scope; TypeScript's DOM library has only the page's. */
export interface Scope<C extends Table<C>> {
  postMessage(message: Answer | News | SpadeNews, transfer?: Transferable[]): void;
  onmessage: ((event: MessageEvent<Request<C>>) => void) | null;
}

/** What runs each call. */
export type Calls<C extends Table<C>> = {
  [K in keyof C]: (signal: AbortSignal, ...args: ArgumentsOf<C, K>) => ResultOf<C, K> | Promise<ResultOf<C, K>>;
};

/** Of whatever bundle: the engine has its own copy of the class. */
const isSpadeError = (error: unknown): error is SpadeError => (error as Error | undefined)?.name === "SpadeError";

const plain = (error: unknown): PlainError => {
  if (!isSpadeError(error)) return { message: String((error as Error)?.message ?? error) };
  const { code, where, problem, fix, message } = error;
  return { message, spade: { code, where, problem, fix } };
};

/**
 * Answers the messages of one page.
 * @param owned what of a result is handed over, not copied
 * @param besides what every answer says too
 */
export function answering<C extends Table<C>>(
  scope: Scope<C>,
  calls: Calls<C>,
  owned: (result: unknown) => Transferable[],
  besides: () => object = () => ({}),
): void {
  const aborts = new Map<number, AbortController>();
  const answer = async ({ id, call, args }: Exclude<Request<C>, { abort: number }>): Promise<void> => {
    const abort = new AbortController();
    aborts.set(id, abort);
    try {
      const run = calls[call] as (...all: unknown[]) => unknown;
      const result = await run(abort.signal, ...(args as unknown[]));
      scope.postMessage({ id, result, ...besides() }, owned(result));
    } catch (error) {
      scope.postMessage({ id, error: plain(error) });
    } finally {
      aborts.delete(id);
    }
  };
  scope.onmessage = ({ data }) => {
    if ("abort" in data) aborts.get(data.abort)?.abort();
    else void answer(data as Exclude<Request<C>, { abort: number }>);
  };
}

/** Sends a session's events to the page. @param besides what each event says too */
export function tellEvents(
  session: EventTarget,
  scope: { postMessage(message: News): void },
  besides: () => object = () => ({}),
): void {
  for (const event of ["lost", "restored", "notice"] as const)
    session.addEventListener(event, (e) => {
      const { reason, willRestore, code, message, fix } = e as unknown as Record<string, unknown>;
      scope.postMessage({ event, detail: { reason, willRestore, code, message, fix }, ...besides() });
    });
}
