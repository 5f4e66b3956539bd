// Under the map: how large it is shown, a button that shows all of it, and how much of a photo shines through.

import type { JSX } from "preact";
import type { Studio } from "../studio.ts";
import { texts } from "../texts.ts";
import type { MapControls } from "../view/controls.ts";

export function MapCaption({ studio, controls }: { studio: Studio; controls: MapControls }): JSX.Element {
  const { width, height } = studio.net.value;
  const { viewport } = controls;
  return (
    <figcaption>
      {texts.app.map}
      <span class="quiet">{texts.app.shown(width, height, viewport.pixel.value)}</span>
      {viewport.zoom.value > 1 && (
        <button type="button" title={`${texts.app.fit} (Home)`} onClick={() => viewport.reset()}>
          {texts.app.fit}
        </button>
      )}
      {studio.under.value && (
        <label>
          <span>{texts.app.photoUnder}</span>
          <input
            type="range"
            min="0"
            max="1"
            step="0.05"
            value={studio.underOpacity}
            onInput={(event) => (studio.underOpacity.value = event.currentTarget.valueAsNumber)}
          />
        </label>
      )}
    </figcaption>
  );
}
