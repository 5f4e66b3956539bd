// One line: what the net does, how long a picture takes and where, what the net knows.

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import type { Studio } from "../studio.ts";
import { texts } from "../texts.ts";
import { Icon } from "./parts/icons.tsx";

export function StatusBar({ studio }: { studio: Studio }): JSX.Element {
  const engine = studio.engine.value;
  const net = studio.net.value;
  const info = engine.info.value;
  const stats = engine.stats.value;
  const notice = engine.notice.value;
  const open = useSignal(false);
  const first = stateText(studio);
  const parts: string[] = [];
  if (info) {
    const { vendor, architecture, software } = info.adapter;
    parts.push([vendor, architecture, software && texts.status.software].filter(Boolean).join(" "));
  }
  if (stats) {
    const ms = Math.round;
    parts.push(texts.status.times(ms(stats.total), ms(stats.labels + stats.tables), ms(stats.network + stats.present)));
    parts.push(texts.status.memory(ms(stats.memory / 1e6)));
  }
  return (
    <footer class={`status${open.value ? " open" : ""}`}>
      <span role="status">{first}</span>
      <button
        type="button"
        aria-label={texts.status.about}
        aria-expanded={open.value}
        onClick={() => (open.value = !open.value)}
      >
        <Icon name="info" size={14} />
      </button>
      <span class="more">{parts.filter(Boolean).join(" · ")}</span>
      {notice && notice.code !== "software-adapter" && (
        <span class="notice" title={`${notice.message}; ${notice.fix}`}>
          {notice.message}
        </span>
      )}
      <span class="terms" title={`${net.data} ${net.licence}`}>
        {net.data}
      </span>
    </footer>
  );
}

function stateText(studio: Studio): string {
  const state = studio.engine.value.state.value;
  if (state.kind === "loading") {
    const percent = Math.floor(100 * state.progress);
    if (state.cached) return texts.status.opening(percent);
    return texts.status.loading(percent, (studio.net.value.bytes / 1e6).toFixed(0));
  }
  if (state.kind === "lost") return texts.status.lost;
  if (state.kind === "failed") return texts.errors.title;
  return studio.pace.follows.value ? texts.status.follows : texts.status.pauses;
}
