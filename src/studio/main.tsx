// The page's start.

import { render } from "preact";
import { loadSite } from "./files/site.ts";

const { nets } = await loadSite();
render(<p>{nets.map(({ id }) => id).join(", ")}</p>, document.body);
