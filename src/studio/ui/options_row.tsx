// The options of the tool, directly over the map.

import type { JSX } from "preact";
import type { LabelInfo } from "../../index.ts";
import { LARGEST, SHAPES, SMALLEST } from "../settings.ts";
import type { Studio } from "../studio.ts";
import { texts } from "../texts.ts";

export function OptionsRow({ studio, label }: { studio: Studio; label: LabelInfo | undefined }): JSX.Element {
  const { tool, size, shape, pressure, hasPen } = studio.settings;
  const sized = tool.value === "brush" || tool.value === "line";
  return (
    <div class="options" role="group" aria-label={texts.app.options}>
      <span class="chosen">
        <span class="swatch" style={{ background: label?.color }} />
        {label?.name}
      </span>
      {sized ? (
        <>
          <label class="size">
            {texts.app.size}
            <input
              type="range"
              min={SMALLEST}
              max={LARGEST}
              value={size}
              aria-valuetext={texts.app.pixels(size.value)}
              onInput={(event) => (size.value = event.currentTarget.valueAsNumber)}
            />
            <output>{size.value}</output>
          </label>
          <div class="shapes" role="group" aria-label={texts.app.shape}>
            {SHAPES.map((name) => (
              <button
                type="button"
                key={name}
                class={`shape ${name}`}
                title={texts.shapes[name]}
                aria-label={texts.shapes[name]}
                aria-pressed={shape.value === name}
                onClick={() => (shape.value = name)}
              >
                <i />
              </button>
            ))}
          </div>
          {hasPen.value && (
            <label class="pressure">
              <input type="checkbox" checked={pressure} onChange={() => (pressure.value = !pressure.value)} />
              {texts.app.pressure}
            </label>
          )}
        </>
      ) : (
        <span class="hint">{texts.hints[tool.value]}</span>
      )}
    </div>
  );
}
