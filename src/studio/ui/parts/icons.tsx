// Icons of lucide (ISC), drawn inline.

import {
  Brush,
  Copy,
  Dices,
  FolderOpen,
  Image,
  Images,
  Info,
  LayoutGrid,
  Lock,
  LockOpen,
  Menu,
  PaintBucket,
  Pencil,
  Pipette,
  Redo2,
  Save,
  Shuffle,
  Slash,
  Square,
  Trash2,
  Undo2,
  X,
  type IconNode,
} from "lucide";
import { h, type JSX } from "preact";

const ICONS = {
  brush: Brush,
  fill: PaintBucket,
  line: Slash,
  rectangle: Square,
  picker: Pipette,
  undo: Undo2,
  redo: Redo2,
  open: FolderOpen,
  save: Save,
  copy: Copy,
  starts: LayoutGrid,
  photo: Image,
  pictures: Images,
  dice: Dices,
  surprise: Shuffle,
  lock: Lock,
  unlocked: LockOpen,
  rename: Pencil,
  remove: Trash2,
  menu: Menu,
  info: Info,
  close: X,
} satisfies Record<string, IconNode>;

export type IconName = keyof typeof ICONS;

/** Decoration: the control around it has a name. */
export function Icon({ name, size = 18 }: { name: IconName; size?: number }): JSX.Element {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
      {ICONS[name].map(([tag, attributes]) => h(tag, attributes as Record<string, string>))}
    </svg>
  );
}
