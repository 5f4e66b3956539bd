// A page as a host of generators.

import { describeStored } from "../session/opening/describe_stored.ts";
import type { Host } from "../session/host.ts";
import { pageHost } from "./page_host.ts";

export const page: Host = pageHost({ describe: describeStored });
