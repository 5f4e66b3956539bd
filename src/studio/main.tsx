// The page's start: what was kept comes back, then what a link brings.

import { render } from "preact";
import { Actions } from "./actions/actions.ts";
import { loadSite } from "./files/site.ts";
import { keepOffline } from "./keep/offline.ts";
import { wasHere } from "./keep/visits.ts";
import { Studio } from "./studio.ts";
import { texts } from "./texts.ts";
import { App } from "./ui/app.tsx";
import "./ui/studio.css";

const studio = new Studio();
const app = document.getElementById("app")!;
const site = await loadSite().catch(() => undefined);
if (!site?.nets.length) {
  app.textContent = texts.errors.noSite;
  throw new Error(texts.errors.noSite);
}
const actions = new Actions(studio, site);
/** On a first visit there is nothing to bring back: keeping is loaded when the map is there. */
const keep = () => import("./keep/whole.ts").then(({ keepWhole }) => keepWhole(actions));
const isFirst = !wasHere();
if (!isFirst) await keep();
else await actions.begin(site.nets[0]);
if (location.hash) await actions.openLink(location.hash);
render(<App studio={studio} actions={actions} />, app);
if (isFirst) void keep();
addEventListener("hashchange", () => actions.quietly(actions.openLink(location.hash)));
void keepOffline();
// For the console, tests and benches.
Object.assign(globalThis, { spadeStudio: studio });
