// The picture: the shown one, or a poster, or the words of an error; a line that says how far the next one is; a divider to compare with the
// picture before.

import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { JSX } from "preact";
import type { Failure } from "../net/failure.ts";
import type { Studio } from "../studio.ts";
import { texts } from "../texts.ts";
import { Later } from "./parts/later.tsx";
import { PictureCanvas } from "./parts/picture_canvas.tsx";

const filmStrip = () => import("./film_strip.tsx").then(({ FilmStrip }) => FilmStrip);

interface Props {
  studio: Studio;
  scale: number;
  /** On a phone: exchanges picture and map. */
  onTap?: () => void;
}

export function PicturePane({ studio, scale, onTap }: Props): JSX.Element {
  const { width, height } = studio.net.value;
  const size = { width: `${width * scale}px`, height: `${height * scale}px` };
  const state = studio.engine.value.state.value;
  const picture = studio.shown.value;
  const before = studio.pictures.all.value.find((other) => other !== picture);
  const divider = useSignal(0);
  const comparing = studio.comparing.value || divider.value > 0;
  const dragging = useRef(false);
  const pressed = useRef(false);
  const place = (event: PointerEvent & { currentTarget: HTMLElement }): number => {
    const { left, width: across } = event.currentTarget.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - left) / across));
  };
  return (
    <figure class="pane picture" style={{ "--w": width * scale }}>
      <div
        class={`sight${studio.pixels.value ? " pixels" : ""}`}
        style={size}
        onPointerDown={(event) => {
          pressed.current = event.isPrimary;
          if (onTap || !before || event.button !== 0) return;
          dragging.current = true;
          event.currentTarget.setPointerCapture(event.pointerId);
          divider.value = place(event);
        }}
        onPointerMove={(event) => dragging.current && (divider.value = place(event))}
        // After a stroke beside it the browser makes no click of some taps.
        onPointerUp={() => pressed.current && onTap?.()}
        onPointerCancel={() => (pressed.current = false)}
        onPointerLeave={() => (pressed.current = false)}
        onLostPointerCapture={() => {
          dragging.current = false;
          divider.value = 0;
        }}
      >
        {picture ? (
          <PictureCanvas image={picture.image} label={texts.app.picture} />
        ) : (
          studio.poster.value && <img src={studio.poster.value} alt={texts.app.picture} />
        )}
        {comparing && before && (
          <div
            class="before"
            style={{ clipPath: `inset(0 ${studio.comparing.value ? 0 : 100 - 100 * divider.value}% 0 0)` }}
          >
            <PictureCanvas image={before.image} label={texts.app.compare} />
          </div>
        )}
        {state.kind === "loading" && (
          <div
            class="loading"
            role="progressbar"
            aria-label={texts.status.opening(Math.floor(100 * state.progress))}
            aria-valuenow={Math.floor(100 * state.progress)}
            style={{ "--done": state.progress }}
          />
        )}
      </div>
      {state.kind === "failed" && <FailureWords what={state.what} retry={() => studio.retry()} />}
      <Progress studio={studio} />
      <figcaption>
        {texts.app.picture}
        <span class="quiet">{texts.app.shown(width, height, scale)}</span>
        <button type="button" aria-pressed={studio.pixels.value} onClick={() => studio.togglePixels()}>
          {studio.pixels.value ? texts.app.truePixels : texts.app.smooth}
        </button>
        <button
          type="button"
          title={texts.app.compare}
          disabled={!before}
          onPointerDown={() => (studio.comparing.value = true)}
          onPointerUp={() => (studio.comparing.value = false)}
          onPointerLeave={() => (studio.comparing.value = false)}
        >
          {texts.app.before}
        </button>
        {picture && <Later load={filmStrip} props={{ studio }} />}
      </figcaption>
    </figure>
  );
}

/** Over the picture; on a phone, where that is small, below the map. */
function FailureWords({ what, retry }: { what: Failure; retry: () => void }): JSX.Element {
  return (
    <div class="failure" role="alert">
      <h2>{texts.errors.title}</h2>
      <p>{what.code === "bug" ? texts.errors.broken(what.problem) : what.problem}</p>
      <p>
        <b>{what.fix}</b>
      </p>
      <p>{texts.errors.map}</p>
      <button type="button" onClick={retry}>
        {texts.errors.retry}
      </button>
    </div>
  );
}

/** How far the picture is, from 300 ms on: the time that one usually takes, as a CSS animation. */
function Progress({ studio }: { studio: Studio }): JSX.Element {
  const asked = studio.asked.value;
  const ready = studio.engine.value.state.value.kind === "ready";
  return (
    <div class="progress" aria-hidden="true">
      {asked && ready && <i key={asked.at} style={{ animationDuration: `${Math.max(300, asked.usual)}ms` }} />}
    </div>
  );
}
