// A part of the page whose code is loaded when it is first shown.

import { useEffect, useState } from "preact/hooks";
import { h, type FunctionComponent, type JSX } from "preact";

interface Props<P> {
  /** Always the same function. */
  load: () => Promise<FunctionComponent<P>>;
  props: P;
}

export function Later<P extends object>({ load, props }: Props<P>): JSX.Element | null {
  const [part, setPart] = useState<{ part: FunctionComponent<P> }>();
  useEffect(() => void load().then((loaded) => setPart({ part: loaded })), [load]);
  return part ? h(part.part, props) : null;
}
