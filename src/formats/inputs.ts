// The files that this process has read or was asked to read. What writes results looks here first, so that no result replaces an input.

/** Path, as it was given, to what the file is in a message. */
const files = new Map<string, string>();

/** Remembers an input. `what`: in words, for "would be written over ..."; the first that says more than the default stays. */
export function noteInput(path: string, what = INPUT): void {
  const known = files.get(path);
  if (known === undefined || known === INPUT) files.set(path, what);
}

const INPUT = "an input of this command";

/** All inputs so far, in the order of their first mention. */
export const inputs = (): ReadonlyMap<string, string> => files;
