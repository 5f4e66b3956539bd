// Maps to begin with, each shown as the picture that it becomes.

import { useEffect, useRef } from "preact/hooks";
import type { JSX } from "preact";
import { STARTS, type Start } from "../starts/starts.ts";
import { texts } from "../texts.ts";
import { Icon } from "./icons.tsx";

interface Props {
  /** Ids of the nets that the site has. */
  nets: readonly { id: string; name: string }[];
  onChoose: (start: Start | undefined) => void;
  onSurprise: () => void;
  onEmpty: () => void;
}

export function StartsDialog({ nets, onChoose, onSurprise, onEmpty }: Props): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current!.showModal(), []);
  return (
    <dialog
      class="starts"
      ref={dialog}
      aria-labelledby="starts-title"
      onClose={() => onChoose(undefined)}
      onClick={(event) => event.target === dialog.current && dialog.current!.close()}
    >
      <header>
        <h2 id="starts-title">{texts.app.startMaps}</h2>
        <button type="button" onClick={onSurprise}>
          <Icon name="surprise" size={16} />
          {texts.app.surprise}
        </button>
        <button type="button" onClick={onEmpty}>
          {texts.app.empty}
        </button>
        <span class="space" />
        <button type="button" aria-label={texts.app.close} onClick={() => dialog.current!.close()}>
          <Icon name="close" />
        </button>
      </header>
      {nets.map(({ id, name }) => (
        <section key={id}>
          <h3>{name}</h3>
          <ul>
            {STARTS.filter(({ net }) => net === id).map((start) => (
              <li key={start.id}>
                <button type="button" onClick={() => onChoose(start)}>
                  <img src={start.poster} width={start.width} height={start.height} alt="" loading="lazy" />
                  {start.name}
                </button>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </dialog>
  );
}
