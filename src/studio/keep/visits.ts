// Whether something may be kept here, known without opening a database.

const KEY = "studio visited";

/** Something may have been kept; also where the browser does not say. */
export function wasHere(): boolean {
  try {
    return localStorage.getItem(KEY) !== null;
  } catch {
    return true;
  }
}

/** From now on something may be kept. */
export function noteVisit(): void {
  try {
    localStorage.setItem(KEY, "yes");
  } catch {
    // wasHere() is true then.
  }
}
