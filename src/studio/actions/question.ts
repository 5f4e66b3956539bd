// What the page may ask.

/** What a person is asked. */
export type Question =
  | { readonly kind: "starts" }
  /** Which keys do what? */
  | { readonly kind: "keys" }
  /** A photo that was dropped: its style, or its map? */
  | { readonly kind: "photo"; readonly photo: File }
  /** A link that the browser does not let the page copy. */
  | { readonly kind: "link"; readonly link: string }
  /** In which size, or as a sheet of all styles? */
  | { readonly kind: "save" };
