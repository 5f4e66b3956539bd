// Styles of this map, as small pictures of it: a click takes one, the pointer over one shows it, Shift and a click mixes two. Loaded when the net
// is open.

import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import type { Studio } from "../studio.ts";
import type { StyleEntry } from "../styles/library.ts";
import { texts } from "../texts.ts";
import { Icon } from "./parts/icons.tsx";
import { texts as later } from "../later_texts.ts";
import { RegionStrip } from "./region_strip.tsx";
import { CPU } from "./parts/picture_canvas.tsx";

export function StyleStrip({ studio, onPhoto }: { studio: Studio; onPhoto: () => void }): JSX.Element {
  const { styles } = studio;
  const info = studio.engine.value.info.value;
  const second = styles.find(styles.second.value);
  const chosen = styles.find(styles.chosen.value);
  const regions = styles.regions.value;
  if (info && !info.style) return <p class="hint">{texts.styles.none}</p>;
  return (
    <>
      <div class="makers">
        {!regions && (
          <button
            type="button"
            disabled={!info}
            aria-label={texts.styles.dice}
            title={`${texts.styles.dice} (R)`}
            onClick={() => studio.roll()}
          >
            <Icon name="dice" />
            <span>{texts.styles.dice}</span>
          </button>
        )}
        <button type="button" disabled={!info?.style?.encoder} aria-label={texts.styles.photo} onClick={onPhoto}>
          <Icon name="photo" />
          <span>{texts.styles.photo}</span>
        </button>
      </div>
      {regions && <RegionStrip studio={studio} regions={regions} />}
      <ul class="strip" onWheel={across}>
        {styles.all.value.map((entry) => (
          <StyleTile key={entry.id} studio={studio} entry={entry} />
        ))}
      </ul>
      {second && chosen && (
        <label class="mix">
          {chosen.name}
          <input
            type="range"
            min="0"
            max="1"
            step="0.01"
            value={styles.mix}
            aria-label={texts.styles.mix(chosen.name, second.name)}
            onInput={(event) => (styles.mix.value = event.currentTarget.valueAsNumber)}
          />
          {second.name}
        </label>
      )}
    </>
  );
}

/** A wheel that only turns up and down moves the strip sideways. */
function across(event: WheelEvent & { currentTarget: HTMLElement }): void {
  const { currentTarget: strip, deltaX, deltaY } = event;
  if (deltaX || event.ctrlKey || strip.scrollWidth <= strip.clientWidth) return;
  event.preventDefault();
  strip.scrollLeft += deltaY;
}

/** Scrolls a tile's strip, and not the page around it, as little as shows the tile. */
function reveal(item: HTMLElement): void {
  const strip = item.parentElement!;
  const [at, seen] = [item.getBoundingClientRect(), strip.getBoundingClientRect()];
  const by = (start: number, end: number): number => Math.min(0, start) + Math.max(0, end);
  strip.scrollBy(by(at.left - seen.left, at.right - seen.right), by(at.top - seen.top, at.bottom - seen.bottom));
}

function StyleTile({ studio, entry }: { studio: Studio; entry: StyleEntry }): JSX.Element {
  const { styles, thumbnails } = studio;
  const naming = useSignal(false);
  const canvas = useRef<HTMLCanvasElement>(null);
  const tile = useRef<HTMLButtonElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const thumbnail = thumbnails.all.value.get(entry.id);
  useEffect(() => {
    if (thumbnail) canvas.current?.getContext("2d", CPU)?.putImageData(thumbnail.image, 0, 0);
  }, [thumbnail?.image]);
  const chosen = styles.chosen.value === entry.id;
  useEffect(() => {
    if (chosen) reveal(tile.current!.parentElement!);
  }, [chosen]);
  useLayoutEffect(() => {
    const field = input.current;
    if (!field) return;
    // Not as a prop: a thumbnail that comes meanwhile renders the tile again, and would undo what was typed.
    field.value = entry.name;
    field.select();
    field.focus();
  }, [naming.value]);
  const { width, height } = studio.net.value;
  const isOwn = entry.kind !== "preset";
  const regions = styles.regions.value;
  const take = (event: MouseEvent): void => {
    if (regions) feed();
    else if (event.shiftKey) styles.mixWith(entry.id);
    else styles.choose(entry.id);
  };
  const feed = (): void => {
    styles.hovered.value = undefined;
    if (!regions!.feed(entry)) studio.say(later.lacks(entry.name));
  };
  const isTaken = regions
    ? [...regions.feeds.value.values()].some(({ id }) => id === entry.id)
    : chosen || styles.second.value === entry.id;
  return (
    <li class={`style ${!thumbnail ? "empty" : thumbnail.fresh ? "" : "stale"}`}>
      <button
        ref={tile}
        type="button"
        class="take"
        title={`${entry.name}. ${regions ? later.feedHint : texts.styles.mixHint}`}
        aria-pressed={isTaken}
        onClick={take}
        onPointerEnter={({ pointerType }) => pointerType === "mouse" && (styles.hovered.value = entry.id)}
        onPointerLeave={() => (styles.hovered.value = undefined)}
      >
        <canvas ref={canvas} width={width} height={height} />
        {!naming.value && <span class="name">{entry.name}</span>}
      </button>
      {naming.value && (
        <input
          class="naming"
          maxLength={24}
          aria-label={texts.styles.name}
          ref={input}
          onBlur={(event) => {
            naming.value = false;
            const name = event.currentTarget.value.trim();
            if (name) styles.rename(entry.id, name);
          }}
          onKeyDown={(event) => {
            event.stopPropagation();
            if (event.key === "Escape") event.currentTarget.value = "";
            // It goes when the focus does.
            if (event.key === "Enter" || event.key === "Escape") tile.current?.focus();
          }}
        />
      )}
      {isOwn && (
        <span class="own">
          <button
            type="button"
            title={texts.styles.rename}
            aria-label={texts.styles.rename}
            onClick={() => (naming.value = true)}
          >
            <Icon name="rename" size={12} />
          </button>
          <button
            type="button"
            title={texts.styles.remove}
            aria-label={texts.styles.remove}
            onClick={() => styles.remove(entry.id)}
          >
            <Icon name="remove" size={12} />
          </button>
        </span>
      )}
    </li>
  );
}
