// An esbuild plugin: imports of other entries stay imports, of the bundles beside this one. A page that uses both loads them once.

import { resolve } from "node:path";

/** @param entries bundle name -> source @param folder where the bundles are, from the importing one */
export const beside = (entries, folder = "./") => ({
  name: "beside",
  setup(build) {
    const bundles = new Map(Object.entries(entries).map(([name, path]) => [resolve(path), `${folder}${name}.js`]));
    build.onResolve({ filter: /^\.{1,2}\// }, ({ path, resolveDir }) => {
      const bundle = bundles.get(resolve(resolveDir, path));
      return bundle && { path: bundle, external: true };
    });
  },
});
