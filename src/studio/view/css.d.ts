// esbuild puts imported stylesheets into the page's own.
declare module "*.css";
// Its address: see scripts/build/site.mjs.
declare module "*/later.css" {
  const address: string;
  export default address;
}
