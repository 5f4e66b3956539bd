// A page that keeps a document of one number: what a test needs of it is in window.tab.

import { Autosave } from "../../../src/studio/keep/autosave.ts";
import { Documents } from "../../../src/studio/keep/documents.ts";

const SIZE = [4, 2] as const;

async function open() {
  const state = { value: 0 };
  const save = new Autosave(
    () => ({
      net: "landscape",
      width: SIZE[0],
      height: SIZE[1],
      ids: new Uint8Array(SIZE[0] * SIZE[1]).fill(state.value),
      styles: { own: [{ name: "dusk", z: [1, 2] }] },
    }),
    new Documents(),
  );
  await save.open();
  state.value = save.kept?.ids[0] ?? 0;
  return {
    save,
    begun: { value: state.value, isCopy: save.isCopy, styles: save.kept?.styles, problem: save.problem.value },
    change(value: number): void {
      state.value = value;
      save.changed();
    },
  };
}

declare global {
  interface Window {
    tab: Awaited<ReturnType<typeof open>>;
  }
}
void open().then((tab) => (window.tab = tab));
