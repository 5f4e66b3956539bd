// One line about what just happened, over the page for a while.

import { useEffect } from "preact/hooks";
import type { JSX } from "preact";
import type { Studio } from "../../studio.ts";

/** How long it stays, in ms: longer for longer lines. */
const timeOf = (line: string): number => 4000 + 60 * line.length;

export function Toast({ studio }: { studio: Studio }): JSX.Element {
  const line = studio.said.value;
  useEffect(() => {
    if (!line || studio.lasting) return;
    const timer = setTimeout(() => studio.say(""), timeOf(line));
    return () => clearTimeout(timer);
  }, [line]);
  return (
    <div class="toast" role="status">
      {line && <p>{line}</p>}
    </div>
  );
}
