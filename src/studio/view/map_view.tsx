// The map that is painted: an element that shows a MapControls and lets hands at it.

import { useLayoutEffect, useRef } from "preact/hooks";
import { texts } from "../texts.ts";
import type { MapControls } from "./controls.ts";
import { mount, type Elements } from "./mount.ts";
import "./view.css";

export { MapControls, type MapViewOptions } from "./controls.ts";

/** As large as the map at its scale. @param controls made once, with new MapControls(options) */
export function MapView({ controls }: { readonly controls: MapControls }) {
  const elements = useRef({} as Elements);
  useLayoutEffect(() => mount(elements.current, controls), [controls]);
  const { width, height } = controls.options.doc.value;
  const scale = controls.options.scale.value;
  /** Keeps an element, as a ref. */
  const keep =
    <K extends keyof Elements>(name: K) =>
    (element: Elements[K] | null) => {
      if (element) elements.current[name] = element;
    };
  return (
    <div
      ref={keep("root")}
      class="map-view"
      style={{ width: `${width * scale}px`, height: `${height * scale}px` }}
      tabIndex={0}
      role="application"
      aria-label={texts.view.map(width, height)}
      aria-description={texts.view.help}
    >
      <div ref={keep("layers")} class="map-view-layers" style={{ width: `${width}px`, height: `${height}px` }}>
        <canvas ref={keep("photo")} hidden />
        <canvas ref={keep("map")} class="map-view-ids" />
      </div>
      <canvas ref={keep("overlay")} class="map-view-overlay" />
      <div ref={keep("name")} class="map-view-name" aria-hidden hidden />
    </div>
  );
}
