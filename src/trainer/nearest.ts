// What a misspelt name is meant to be.

/** Letters alone: lambdaFeat is lambda_feat. */
const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, "");

/** Insertions, deletions and replacements from one text to the other (Levenshtein). */
function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length];
}

/** The name that `name` resembles most; undefined if it resembles none. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  const given = plain(name.slice(0, 64));
  const ranked = names.map((known) => ({ known, distance: edits(given, plain(known)) }));
  const best = ranked.reduce((a, b) => (b.distance < a.distance ? b : a));
  return best.distance <= Math.max(1, given.length / 3) ? best.known : undefined;
}
