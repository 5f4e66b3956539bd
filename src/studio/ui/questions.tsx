// What a person is asked: which start map, what of a photo, in which size. Loaded when the first question comes.

import { useEffect, useRef } from "preact/hooks";
import type { ComponentChildren, JSX } from "preact";
import type { Actions } from "../actions/actions.ts";
import { surprise, take } from "../actions/maps.ts";
import { emptyMap } from "../net/net.ts";
import { STARTS } from "../starts/starts.ts";
import { texts } from "../texts.ts";
import { Icon } from "./parts/icons.tsx";

export function Questions({ actions }: { actions: Actions }): JSX.Element | null {
  const question = actions.question.value;
  const close = (): void => void (actions.question.value = undefined);
  switch (question?.kind) {
    case undefined:
      return null;
    case "starts":
      return <Starts actions={actions} close={close} />;
    case "keys":
      return <Keys close={close} />;
    case "save":
      return <Save actions={actions} close={close} />;
    case "link":
      return <Link link={question.link} close={close} />;
    case "photo":
      return <Photo actions={actions} photo={question.photo} close={close} />;
  }
}

interface DialogProps {
  title: string;
  close: () => void;
  head?: ComponentChildren;
  children: ComponentChildren;
}

function Dialog({ title, close, head, children }: DialogProps): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    const shown = dialog.current!;
    shown.showModal();
    // The browser gives the focus back when a dialog is closed, and not when it is removed, as here after a choice.
    return () => (shown.open ? before?.focus() : undefined);
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby="question"
      // Escape ends the question at once: the event of a closed dialog can come many frames later, when the next may be open.
      onCancel={(event) => (event.preventDefault(), close())}
      // Not of one that has made room for another question.
      onClose={(event) => event.currentTarget.isConnected && close()}
      onClick={(event) => event.target === dialog.current && close()}
    >
      <header>
        <h2 id="question">{title}</h2>
        {head}
        <span class="space" />
        <button type="button" aria-label={texts.app.close} onClick={close}>
          <Icon name="close" />
        </button>
      </header>
      {children}
    </dialog>
  );
}

interface Props {
  actions: Actions;
  close: () => void;
}

function Starts({ actions, close }: Props): JSX.Element {
  const head = (
    <>
      <button type="button" onClick={() => actions.quietly(surprise(actions))}>
        <Icon name="surprise" size={16} />
        {texts.app.surprise}
      </button>
      <button
        type="button"
        onClick={() => (close(), actions.studio.doc.value.replace(emptyMap(actions.studio.net.value)))}
      >
        {texts.app.empty}
      </button>
    </>
  );
  return (
    <Dialog title={texts.app.startMaps} close={close} head={head}>
      {actions.nets.map(({ id, name }) => {
        const starts = STARTS.filter(({ net }) => net === id);
        if (!starts.length) return null;
        return (
          <section key={id} class="starts">
            <h3>{name}</h3>
            <ul>
              {starts.map((start) => (
                <li key={start.id}>
                  <button type="button" onClick={() => actions.quietly(take(start, actions))}>
                    <img src={start.poster} width={start.width} height={start.height} alt="" />
                    {start.name}
                  </button>
                </li>
              ))}
            </ul>
          </section>
        );
      })}
    </Dialog>
  );
}

function Save({ actions, close }: Props): JSX.Element {
  const { width, height } = actions.studio.net.value;
  return (
    <Dialog title={texts.app.savePicture} close={close}>
      <div class="choices">
        {([1, 2, 4] as const).map((scale) => (
          <button type="button" key={scale} onClick={() => actions.savePicture(scale)}>
            <b>
              {scale * width} x {scale * height}
            </b>
            <span class="quiet">{scale === 1 ? texts.save.asPainted : texts.save.enlarged(scale)}</span>
          </button>
        ))}
        {actions.studio.styles.all.value.length > 1 && (
          <button type="button" onClick={() => actions.saveSheet()}>
            <b>{texts.save.sheet}</b>
            <span class="quiet">{texts.save.sheetAbout}</span>
          </button>
        )}
      </div>
      <p class="quiet">{texts.save.about}</p>
    </Dialog>
  );
}

function Keys({ close }: { close: () => void }): JSX.Element {
  return (
    <Dialog title={texts.keys.title} close={close}>
      <dl class="keys">
        {texts.keys.list.map(([keys, does]) => (
          <div key={keys}>
            <dt>{keys.split(" ").map((key) => (key === "to" ? " to " : <kbd key={key}>{key}</kbd>))}</dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

function Link({ link, close }: { link: string; close: () => void }): JSX.Element {
  return (
    <Dialog title={texts.link.title} close={close}>
      <p class="quiet">{texts.link.about}</p>
      <textarea readOnly rows={6} cols={60} aria-label={texts.link.title} ref={(area) => area?.select()} value={link} />
    </Dialog>
  );
}

function Photo({ actions, photo, close }: Props & { photo: File }): JSX.Element {
  const { studio } = actions;
  const canStyle = studio.engine.value.info.value?.style?.encoder ?? false;
  const use = (work: () => Promise<void>) => () => {
    close();
    actions.quietly(work());
  };
  const map = (): Promise<void> => actions.mapOf(photo);
  const style = (): Promise<void> => actions.styleOf(photo);
  return (
    <Dialog title={photo.name} close={close}>
      <div class="choices">
        {actions.labels && (
          <button type="button" onClick={use(map)}>
            <b>{texts.photo.map}</b>
            <span class="quiet">{texts.photo.mapAbout}</span>
          </button>
        )}
        {canStyle && (
          <button type="button" onClick={use(style)}>
            <b>{texts.photo.style}</b>
            <span class="quiet">{texts.photo.styleAbout}</span>
          </button>
        )}
        {actions.labels && canStyle && (
          <button type="button" onClick={use(async () => (await map(), style()))}>
            <b>{texts.photo.both}</b>
          </button>
        )}
      </div>
    </Dialog>
  );
}
