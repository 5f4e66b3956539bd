// The page's start.

import { render } from "preact";
import { Actions } from "./actions/actions.ts";
import { loadSite } from "./files/site.ts";
import { Studio } from "./studio.ts";
import { App } from "./ui/app.tsx";
import "./ui/studio.css";

const site = await loadSite();
const studio = new Studio();
const actions = new Actions(studio, site);
await actions.begin(site.nets[0]);
render(<App studio={studio} actions={actions} />, document.getElementById("app")!);
// For the console, tests and benches.
Object.assign(globalThis, { spadeStudio: studio });
