// The net, and what goes in and out.

import { useRef } from "preact/hooks";
import type { JSX } from "preact";
import type { Actions } from "../actions/actions.ts";
import type { Studio } from "../studio.ts";
import { texts } from "../texts.ts";
import { Icon, type IconName } from "./parts/icons.tsx";

interface Props {
  studio: Studio;
  actions: Actions;
  /** Some stand in a menu: there is no room. */
  small: boolean;
}

export function TopBar({ studio, actions, small }: Props): JSX.Element {
  const menu = useRef<HTMLDivElement>(null);
  const button = (icon: IconName, name: string, act: () => void, more = ""): JSX.Element => (
    <button
      type="button"
      class={more}
      onClick={() => {
        // It gives the focus back to its button, where a dialog finds it.
        if (small) menu.current?.hidePopover();
        act();
      }}
    >
      <Icon name={icon} size={16} />
      {name}
    </button>
  );
  const some = (
    <>
      {button("starts", texts.app.startMaps, () => (actions.question.value = { kind: "starts" }))}
      {button("save", texts.app.saveMap, () => actions.saveMap())}
      {button("copy", texts.app.copyLink, () => actions.copyLink())}
    </>
  );
  return (
    <header class="top">
      <h1>
        <select
          aria-label={texts.app.net}
          value={studio.net.value.id}
          onChange={(event) => actions.quietly(actions.choose(event.currentTarget.value))}
        >
          {actions.nets.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </h1>
      <span class="space" />
      {!small && some}
      {button("open", texts.app.open, () => actions.openFiles())}
      {button(
        "save",
        small ? texts.app.save : texts.app.savePicture,
        () => (actions.question.value = { kind: "save" }),
        "main",
      )}
      {small && (
        <>
          <button type="button" aria-label={texts.app.more} popovertarget="menu">
            <Icon name="menu" />
          </button>
          <div ref={menu} id="menu" class="popover" popover="auto">
            {some}
          </div>
        </>
      )}
    </header>
  );
}
