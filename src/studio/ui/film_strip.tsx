// The last pictures, behind a button. Loaded when the first picture is there.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { JSX } from "preact";
import type { Studio } from "../studio.ts";
import { texts } from "../texts.ts";
import { Icon } from "./parts/icons.tsx";
import { PictureCanvas } from "./parts/picture_canvas.tsx";

/** The last pictures; a click brings map and style back. */
export function FilmStrip({ studio }: { studio: Studio }): JSX.Element {
  const open = useSignal(false);
  const box = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const leave = (): void => {
    opener.current?.focus();
    open.value = false;
  };
  useEffect(() => {
    if (!open.value) return;
    const close = (event: Event): void => {
      if (!box.current?.contains(event.target as Node)) open.value = false;
    };
    addEventListener("pointerdown", close);
    return () => removeEventListener("pointerdown", close);
  }, [open.value]);
  return (
    <div class="film" ref={box} onKeyDown={({ key }) => open.value && key === "Escape" && leave()}>
      <button
        ref={opener}
        type="button"
        title={texts.app.filmStrip}
        aria-label={texts.app.filmStrip}
        aria-expanded={open.value}
        onClick={() => (open.value = !open.value)}
      >
        <Icon name="pictures" size={16} />
      </button>
      {open.value && (
        <div class="popover">
          {!studio.pictures.all.value.length && <p>{texts.app.noPictures}</p>}
          {studio.pictures.all.value.map((picture, i) => (
            <button
              type="button"
              key={i}
              title={texts.app.back}
              aria-label={`${texts.app.back} (${i + 1})`}
              onClick={() => {
                leave();
                studio.restore(picture);
              }}
            >
              <PictureCanvas image={picture.image} label="" />
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
