// What the tests of the page need: Debian's Chromium, and gcc and lavapipe to make it use lavapipe (../browser/chromium.mjs). Without them
// those tests are not run; everything else works.

import { missing } from "../browser/chromium.mjs";
import { isRoot, say, system, tryApt } from "./system.mjs";

const PACKAGES = { chromium: ["chromium"], gcc: ["gcc", "libc6-dev"], lavapipe: ["mesa-vulkan-drivers"] };

/** Installs with apt-get what is missing, on Debian as root; elsewhere says in one line what to do. */
export function chromium() {
  const lacks = missing();
  if (!lacks.length) return;
  const without = `the tests of the page are not run without ${lacks.join(" and ")}`;
  const packages = lacks.flatMap((what) => PACKAGES[what]);
  const { id, name } = system();
  if (process.platform !== "linux" || id !== "debian")
    return say(`${without}; they need Debian's packages (${name} is not Debian)`);
  if (!isRoot())
    return say(
      `${without}; run "sudo apt-get update && sudo apt-get install ${packages.join(" ")}", or run this as root`,
    );
  say(`installing ${packages.join(", ")} for the tests of the page with apt-get ...`);
  const update = tryApt("update");
  const { ok, output } = tryApt("install", "-y", "--no-install-recommends", ...packages);
  if (ok && !missing().length) return;
  const why = (ok ? update : { output }).output.split("\n").at(-1);
  say(`${without}; apt-get could not install ${packages.join(", ")} (${why})`);
}
