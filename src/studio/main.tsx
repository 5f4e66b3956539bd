// The page's start: what was kept comes back, then what a link brings.

import { render } from "preact";
import { Actions } from "./actions/actions.ts";
import { loadSite } from "./files/site.ts";
import { keepOffline } from "./keep/offline.ts";
import { keepWhole } from "./keep/whole.ts";
import { Studio } from "./studio.ts";
import { App } from "./ui/app.tsx";
import "./ui/studio.css";

const studio = new Studio();
const actions = new Actions(studio, await loadSite());
await keepWhole(actions);
if (location.hash) await actions.openLink(location.hash);
render(<App studio={studio} actions={actions} />, document.getElementById("app")!);
addEventListener("hashchange", () => actions.quietly(actions.openLink(location.hash)));
void keepOffline();
// For the console, tests and benches.
Object.assign(globalThis, { spadeStudio: studio });
