// The page: its regions at three sizes.

import { computed, useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import type { JSX } from "preact";
import type { Studio } from "../studio.ts";
import { texts } from "../texts.ts";
import { MapControls, MapView } from "../view/map_view.tsx";
import type { Actions } from "../actions/actions.ts";
import { Later } from "./parts/later.tsx";
import { Labels } from "./labels.tsx";
import { layoutOf, windowSize } from "./layout.ts";
import { MapCaption } from "./map_caption.tsx";
import { OptionsRow } from "./options_row.tsx";
import { PicturePane } from "./picture_pane.tsx";
import { Rail } from "./rail.tsx";
import { StatusBar } from "./status_bar.tsx";
import { Toast } from "./parts/toast.tsx";
import { TopBar } from "./top_bar.tsx";

const styleStrip = () => import("./style_strip.tsx").then(({ StyleStrip }) => StyleStrip);
const questions = () => import("./questions.tsx").then(({ Questions }) => Questions);

export function App({ studio, actions }: { studio: Studio; actions: Actions }): JSX.Element {
  const net = studio.net.value;
  const placing = useMemo(
    () => computed(() => layoutOf(windowSize.value.width, windowSize.value.height, studio.net.value)),
    [],
  );
  const layout = placing.value;
  const { form, inset } = layout;
  /** On a phone with a square net: the picture is large, and the map small. */
  const swapped = useSignal(false);
  const hidden = useSignal(false);
  const controls = useMemo(
    () =>
      new MapControls({
        doc: studio.doc,
        settings: studio.settings,
        labels: studio.labels,
        scale: computed(() => placing.value.scale),
        photo: studio.under,
        photoOpacity: studio.underOpacity,
      }),
    [],
  );
  useEffect(() => {
    const end = new AbortController();
    void import("./page_events.ts").then(({ listen }) =>
      listen(actions, () => (hidden.value = !hidden.value), end.signal),
    );
    return () => end.abort();
  }, []);
  const labels = studio.labels.value;
  const label = labels.find(({ id }) => id === studio.settings.label.value);
  const state = studio.engine.value.state.value.kind;
  const large = inset && swapped.value && state !== "failed";
  return (
    <div
      class={`studio ${form}${inset ? " inset" : ""}${layout.stacked ? " stacked" : ""}${large ? " swapped" : ""}${hidden.value ? " bare" : ""}`}
      onPointerDownCapture={({ pointerType }) => pointerType === "pen" && (studio.settings.hasPen.value = true)}
      data-state={state}
    >
      <TopBar studio={studio} actions={actions} small={form === "phone"} />
      <aside class="rails" aria-label={texts.app.tools}>
        <Rail studio={studio} onPhoto={actions.labels ? () => actions.fromPhoto() : undefined} />
      </aside>
      <Labels key={net.id} studio={studio} labels={labels} />
      <main>
        <figure class="pane map" style={{ "--w": net.width * layout.scale }}>
          <OptionsRow studio={studio} label={label} />
          <MapView controls={controls} />
          <MapCaption studio={studio} controls={controls} />
        </figure>
        <PicturePane
          studio={studio}
          scale={large ? layout.scale : layout.pictureScale}
          onTap={inset ? () => (swapped.value = !swapped.value) : undefined}
        />
      </main>
      <section class="styles" aria-label={texts.styles.title}>
        {studio.engine.value.info.value && (
          <Later load={styleStrip} props={{ studio, onPhoto: () => actions.styleOfPhoto() }} />
        )}
      </section>
      <Toast studio={studio} />
      <StatusBar studio={studio} />
      {actions.question.value && <Later load={questions} props={{ actions }} />}
      {actions.dragging.value && (
        <div class="drop">
          <p>{texts.app.drop}</p>
        </div>
      )}
      <div class="unseen" aria-live="polite">
        {controls.said}
      </div>
    </div>
  );
}
