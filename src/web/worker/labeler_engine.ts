// The worker's side: a labeler, called by messages.

import { createLabeler, type Labeler } from "../../labeler.ts";
import { answering, tellEvents, type Scope } from "./answering.ts";
import type { LabelerCalls } from "./messages.ts";

/** Answers the messages of one page. */
export function serve(scope: Scope<LabelerCalls>): void {
  let labeler: Labeler;
  answering<LabelerCalls>(
    scope,
    {
      async create(signal, options) {
        labeler = await createLabeler({
          ...options,
          signal,
          onProgress: (progress) => scope.postMessage({ progress }),
        });
        tellEvents(labeler, scope);
        return { classes: labeler.classes };
      },
      label: (signal, photo, to) => labeler.label(photo, { ...to, signal }).finally(() => photo.close()),
    },
    (result) =>
      Object.values(result as object)
        .filter(ArrayBuffer.isView)
        .map(({ buffer }) => buffer as ArrayBuffer),
  );
}
