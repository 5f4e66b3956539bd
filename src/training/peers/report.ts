// What a step takes to exchange, for people.

import { counted } from "../../runtime/errors.ts";
import type { Peers } from "./peers.ts";

type Spent = Peers["spent"];

const copy = ({ few, gradients }: Spent): Spent => ({ few: { ...few }, gradients: { ...gradients } });

/** Counts from the end of the first step on, which compiles. */
export class Communication {
  private since: { spent: Spent; step: number; time: number } | undefined;

  constructor(private readonly peers: Pick<Peers, "ranks" | "spent">) {}

  /** After a step. */
  step(step: number): void {
    this.since ??= { spent: copy(this.peers.spent), step, time: performance.now() };
  }

  /** A line about the steps since the first; undefined if there are none. */
  line(step: number): string | undefined {
    const { since, peers } = this;
    const steps = since ? step - since.step : 0;
    if (!since || steps < 1) return undefined;
    const whole = (performance.now() - since.time) / steps;
    const part = (what: "few" | "gradients"): string => {
      const [now, then] = [peers.spent[what], since.spent[what]];
      const per = (key: "calls" | "bytes" | "ms"): number => (now[key] - then[key]) / steps;
      const share = ((100 * per("ms")) / whole).toFixed(1);
      return `${per("calls").toFixed(0)} times, ${(per("bytes") / 1e6).toFixed(2)} MB, ${per("ms").toFixed(1)} ms (${share} %)`;
    };
    return (
      `a step of ${whole.toFixed(0)} ms exchanged with ${counted(peers.ranks - 1, "other rank")}: statistics and losses ${part("few")}; ` +
      `gradients ${part("gradients")}, beside the backward pass where it lasts; with waiting for the slowest`
    );
  }
}
