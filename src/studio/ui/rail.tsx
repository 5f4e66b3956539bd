// The tools, undo and redo.

import type { JSX } from "preact";
import { TOOLS } from "../settings.ts";
import type { Studio } from "../studio.ts";
import { texts } from "../texts.ts";
import { Icon, type IconName } from "./parts/icons.tsx";

/** Keys of the tools, as people see them. */
export const TOOL_KEYS = { brush: "B", fill: "G", line: "L", rectangle: "U", picker: "I" } as const;

export function Rail({ studio, onPhoto }: { studio: Studio; onPhoto?: () => void }): JSX.Element {
  const { settings } = studio;
  const button = (
    icon: IconName,
    name: string,
    act: () => void,
    more: JSX.IntrinsicElements["button"] = {},
  ): JSX.Element => (
    <button type="button" class="tool" title={name} aria-label={name} onClick={act} {...more}>
      <Icon name={icon} />
    </button>
  );
  return (
    <div class="rail" role="toolbar" aria-label={texts.app.tools} aria-orientation="vertical">
      {TOOLS.map((tool) =>
        button(tool, `${texts.tools[tool]} (${TOOL_KEYS[tool]})`, () => (settings.tool.value = tool), {
          "aria-pressed": settings.tool.value === tool,
        }),
      )}
      <span class="space" />
      {onPhoto && button("photo", texts.app.fromPhoto, onPhoto)}
      {button("undo", `${texts.app.undo} (Ctrl+Z)`, () => studio.doc.value.undo(), { disabled: !studio.canUndo.value })}
      {button("redo", `${texts.app.redo} (Ctrl+Shift+Z)`, () => studio.doc.value.redo(), {
        disabled: !studio.canRedo.value,
      })}
    </div>
  );
}
