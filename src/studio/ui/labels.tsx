// The list of labels: swatch, name, key, lock; search and categories where there are many.

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import type { LabelInfo } from "../../index.ts";
import type { Studio } from "../studio.ts";
import { texts } from "../texts.ts";
import { Icon } from "./parts/icons.tsx";

/** From so many labels on there are a search and categories. */
const MANY = 20;

/** The key of the label at a place of the list: 1 to 9, 0. */
export const keyOf = (place: number): string => (place < 9 ? `${place + 1}` : place === 9 ? "0" : "");

export function Labels({ studio, labels }: { studio: Studio; labels: readonly LabelInfo[] }): JSX.Element {
  const search = useSignal("");
  const category = useSignal("");
  const many = labels.length >= MANY;
  const categories = [...new Set(labels.map((label) => label.category ?? ""))].filter(Boolean);
  const other = categories.indexOf(texts.categories.other);
  if (other >= 0) categories.push(...categories.splice(other, 1));
  const wanted = search.value.trim().toLowerCase();
  const found = labels.filter(
    ({ name, category: of }) =>
      (!category.value || of === category.value) && (!wanted || name.toLowerCase().includes(wanted)),
  );
  const { label: current } = studio.settings;
  /** The label that Tab reaches: the current one, or the first where a search hides it. */
  const reached = found.some(({ id }) => id === current.value) ? current.value : found.at(0)?.id;
  return (
    <section class="labels" aria-label={texts.labels.title}>
      {many && (
        <div class="find">
          <input
            type="search"
            value={search}
            placeholder={texts.labels.search}
            aria-label={texts.labels.search}
            onInput={(event) => (search.value = event.currentTarget.value)}
            onKeyDown={({ key }) => key === "Enter" && found[0] && studio.settings.take(found[0].id)}
          />
          {categories.length > 1 && (
            <div class="categories" role="group" aria-label={texts.labels.title}>
              {["", ...categories].map((name) => (
                <button
                  type="button"
                  key={name}
                  aria-pressed={category.value === name}
                  onClick={() => (category.value = name)}
                >
                  {name || texts.labels.all}
                </button>
              ))}
            </div>
          )}
        </div>
      )}
      <ul onKeyDown={byArrows}>
        {found.map((label) => (
          <LabelRow
            key={label.id}
            studio={studio}
            label={label}
            shortcut={keyOf(labels.indexOf(label))}
            all={labels}
            tabIndex={label.id === reached ? 0 : -1}
          />
        ))}
        {!found.length && <li class="none">{texts.labels.none}</li>}
      </ul>
    </section>
  );
}

/** Arrows go from label to label, and Tab past them all. */
function byArrows(event: KeyboardEvent & { currentTarget: HTMLElement }): void {
  const rows = [...event.currentTarget.children];
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const to = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  rows
    .at(to % rows.length)
    ?.querySelector("button")
    ?.focus();
}

interface RowProps {
  studio: Studio;
  label: LabelInfo;
  shortcut: string;
  all: readonly LabelInfo[];
  tabIndex: number;
}

function LabelRow({ studio, label: { id, name, color }, shortcut, all, tabIndex }: RowProps): JSX.Element {
  const { settings } = studio;
  const locked = settings.locked.value.has(id);
  const lock = (): void => {
    const next = new Set(settings.locked.value);
    if (!next.delete(id)) next.add(id);
    settings.locked.value = next;
  };
  /** All others are locked; again: none. */
  const only = (): void => {
    const others = all.map((label) => label.id).filter((other) => other !== id);
    const is = others.every((other) => settings.locked.value.has(other)) && !locked;
    settings.locked.value = new Set(is ? [] : others);
  };
  const take = (event: MouseEvent): void => (event.shiftKey ? only() : settings.take(id));
  return (
    <li
      class={`label${settings.pointed.value === id ? " pointed" : ""}`}
      onPointerEnter={({ pointerType }) => pointerType === "mouse" && (settings.outlined.value = id)}
      onPointerLeave={() => (settings.outlined.value = undefined)}
    >
      <button
        type="button"
        class="take"
        tabIndex={tabIndex}
        title={`${name}${shortcut && ` (${shortcut})`}. ${texts.labels.only}`}
        aria-pressed={settings.label.value === id}
        onClick={take}
        onFocus={() => (settings.outlined.value = id)}
        onBlur={() => (settings.outlined.value = undefined)}
      >
        <span class="swatch" style={{ background: color }} />
        <span class="name">{name}</span>
        {shortcut && <kbd>{shortcut}</kbd>}
      </button>
      <button
        type="button"
        class="lock"
        tabIndex={tabIndex}
        aria-pressed={locked}
        aria-label={locked ? texts.labels.unlock(name) : texts.labels.lock(name)}
        title={locked ? texts.labels.unlock(name) : texts.labels.lock(name)}
        onClick={lock}
      >
        <Icon name={locked ? "lock" : "unlocked"} size={14} />
      </button>
    </li>
  );
}
