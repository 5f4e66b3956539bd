// Writes dist/types: the declarations that the entries of package.json need, and no others.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import ts from "typescript";

const IMPORT = /((?:from|import\()\s*")(\.[^"]+?)(\.d)?\.ts"/g;

/** The paths of `types` in package.json. */
const entries = () =>
  Object.values(JSON.parse(readFileSync("package.json", "utf8")).exports).flatMap(({ types }) => types ?? []);

/** @param to the folder of package.json's paths @returns whether it worked; TypeScript's errors are printed */
export function writeTypes(to = ".") {
  const { config } = ts.readConfigFile("tsconfig.build.json", ts.sys.readFile);
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, ".");
  const program = ts.createProgram(fileNames, options);
  const emitted = new Map();
  const { diagnostics } = program.emit(undefined, (path, text) => emitted.set(resolve(path), text), undefined, true);
  const errors = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
  if (errors.length) {
    process.stderr.write(
      ts.formatDiagnostics(errors, {
        getCurrentDirectory: () => ".",
        getCanonicalFileName: (f) => f,
        getNewLine: () => "\n",
      }),
    );
    return false;
  }
  rmSync(join(to, "dist", "types"), { recursive: true, force: true });
  const written = new Set();
  const write = (path) => {
    if (written.has(path)) return;
    written.add(path);
    const text = emitted.get(path);
    if (text === undefined)
      throw new Error(`${relative(".", path)} is not among the declarations of tsconfig.build.json`);
    for (const [, , other] of text.matchAll(IMPORT)) write(`${join(dirname(path), other)}.d.ts`);
    const place = join(to, relative(".", path));
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, text.replace(IMPORT, '$1$2.js"'));
  };
  for (const entry of entries()) write(resolve(entry));
  return true;
}
