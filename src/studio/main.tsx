// The page's start.

import { render } from "preact";
import { Actions } from "./actions.ts";
import { loadSite } from "./files/site.ts";
import { siteNet, type Net } from "./net/net.ts";
import { Studio } from "./studio.ts";
import { App } from "./ui/app.tsx";
import "./ui/studio.css";

const site = await loadSite();
const start = (net: Net): Uint8Array => {
  const ids = new Uint8Array(net.width * net.height);
  ids.fill(net.labels[7].id, ids.length >> 1);
  return ids;
};
const studio = new Studio();
const net = siteNet(site.nets[0]);
studio.open({ net, ids: start(net) });
render(<App studio={studio} actions={new Actions(studio, site, start)} />, document.getElementById("app")!);
// For the console, tests and benches.
Object.assign(globalThis, { studio });
