// A page as a host of generators.

import { describeStored } from "../session/opening/describe_stored.ts";
import type { Host } from "../session/host.ts";
import { page } from "./page_host.ts";

export const paintingPage: Host = { ...page, format: { ...page.format, describe: describeStored } };
