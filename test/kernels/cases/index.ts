// A case for every op of the table: an op without one does not compile.

import type { OpCase, OpName } from "../../support/op_case.ts";
import { convCases } from "./conv.ts";
import { labelCases } from "./labels.ts";
import { lossCases } from "./loss.ts";
import { normCases } from "./norm.ts";
import { optimCases } from "./optim.ts";
import { regionCases } from "./regions.ts";
import { shapeCases } from "./shape.ts";
import { tableCases } from "./tables.ts";

export const cases = {
  ...convCases,
  ...labelCases,
  ...lossCases,
  ...normCases,
  ...optimCases,
  ...regionCases,
  ...shapeCases,
  ...tableCases,
} satisfies { [K in OpName]: OpCase<K> };
