// A picture's import is its address, relative to the module; the bundler gives the file a name with a hash.

declare module "*.webp" {
  const address: string;
  export default address;
}
