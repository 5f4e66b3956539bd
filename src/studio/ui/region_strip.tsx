// Which labels a style feeds: one button a label, with the style that feeds it; all, reset, and how far they move. For nets with a style for each
// region.

import { useComputed } from "@preact/signals";
import type { JSX } from "preact";
import { texts } from "../later_texts.ts";
import type { Studio } from "../studio.ts";
import type { Regions } from "../styles/regions.ts";

export function RegionStrip({ studio, regions }: { studio: Studio; regions: Regions }): JSX.Element {
  const { styles } = studio;
  /** Whole steps only: a stroke calls for no new buttons. */
  const present = useComputed(() => {
    void studio.doc.value.steps.value;
    return new Set(studio.doc.value.ids);
  }).value;
  const feeds = regions.feeds.value;
  const labels = studio.labels.value.filter(({ id }) => present.has(id) || feeds.has(id));
  const all = studio.labels.value.map(({ id }) => id);
  const fedOf = labels.map(({ id }) => feeds.get(id)).find((feed, i) => feed && regions.isSelected(labels[i].id));
  return (
    <div class="regions" role="group" aria-label={texts.regions}>
      <div class="row">
        <button
          type="button"
          title={texts.allTitle}
          aria-pressed={!regions.selected.value}
          onClick={() => regions.toggleAll()}
        >
          {texts.all}
        </button>
        <button type="button" title={texts.resetTitle} onClick={() => regions.reset()}>
          {texts.reset}
        </button>
        <input
          type="range"
          min="0"
          max="1"
          step="0.05"
          value={fedOf?.alpha ?? regions.alpha.value}
          title={texts.alpha}
          aria-label={texts.alpha}
          onInput={(event) => regions.weigh(event.currentTarget.valueAsNumber)}
        />
      </div>
      <ul class="fed">
        {labels.map(({ id, name, color }) => {
          const feed = feeds.get(id);
          const style = feed && styles.find(feed.id);
          return (
            <li key={id}>
              <button
                type="button"
                aria-pressed={regions.isSelected(id)}
                onClick={() => regions.toggle(id, all)}
                onPointerEnter={({ pointerType }) => pointerType === "mouse" && (studio.settings.outlined.value = id)}
                onPointerLeave={() => (studio.settings.outlined.value = undefined)}
              >
                <span class="swatch" style={{ background: color }} />
                {style ? texts.fed(name, style.name, feed.alpha) : name}
              </button>
            </li>
          );
        })}
      </ul>
    </div>
  );
}
