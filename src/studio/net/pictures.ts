// The last pictures: undo and the film strip show one again without painting it.

import { signal } from "@preact/signals";
import type { Painted, Picture } from "./picture.ts";
import { isSame } from "./same.ts";

/** Pictures that are kept. */
export const KEPT = 12;

export class Pictures {
  /** The newest first. */
  readonly all = signal<readonly Picture[]>([]);

  /** Keeps a picture; one of the same map and style is replaced. */
  keep(picture: Picture): void {
    const others = this.all.value.filter((other) => !isSame(other, picture));
    this.all.value = [picture, ...others].slice(0, KEPT);
  }

  find(what: Painted): Picture | undefined {
    return this.all.value.find((picture) => isSame(picture, what));
  }

  clear(): void {
    this.all.value = [];
  }
}
