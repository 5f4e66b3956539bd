// Other names for the keys of the same nets: a prefix of the object that was saved, torch's newer spectral norm, NVIDIA's pix2pixHD.
// These functions only see names and shapes; they give the names that the rest of the engine knows.

import { listed } from "./budget.ts";

/** Names by which tensors are asked for, to their names in the file. */
export type Names = Map<string, string>;

/** A generator's own keys, SPADE's, SEAN's, CLADE's or pix2pixHD's, behind whatever prefix the file has. */
const GENERATOR =
  /^(.*\.)?(head_0\.((norm_0|ace_0\.Spade)\.mlp_shared\.0|norm_0\.class_specified_affine)\.weight|model\.\d+\.conv_block\.1\.(0\.)?(weight|bias|weight_orig))$/;
/** Adam's moments in our own training states, whose groups are read by role. */
const STATE = /\.adam_[mv]$/;

/**
 * If one group of keys is a generator behind a prefix ("netG.", "module.generator."), takes only these, without it. All keys stay where
 * none is, several are, or the file is a training state.
 */
export function withoutPrefix(names: Names, notes: string[]): Names {
  const prefixes = new Set<string>();
  for (const name of names.keys()) {
    if (STATE.test(name)) return names;
    const match = GENERATOR.exec(name);
    if (match) prefixes.add(match[1] ?? "");
  }
  // An encoder is asked for by its own file.
  if (prefixes.size === 0) {
    const all = [...names.keys()];
    const encoder = all.map((name) => /^(.+\.)fc_mu\.weight$/.exec(name)?.[1]).find(Boolean);
    if (encoder && all.every((name) => name.startsWith(encoder))) prefixes.add(encoder);
  }
  const [prefix] = prefixes;
  if (prefixes.size > 1) {
    const groups = [...prefixes].map((p) => p.slice(0, -1)).filter(Boolean);
    if (groups.length > 0)
      notes.push(`holds ${prefixes.size} generators: ${listed(groups)}; --key NAME reads one alone`);
    return names;
  }
  if (!prefix) return names;
  const taken = [...names].filter(([name]) => name.startsWith(prefix) && name.length > prefix.length);
  const others = new Set<string>();
  for (const name of names.keys()) if (!name.startsWith(prefix)) others.add(name.split(".", 1)[0]);
  const left = others.size > 0 ? `; left out: ${listed([...others])}` : "";
  notes.push(`keys read without their prefix "${prefix}"${left}`);
  return new Map(taken.map(([name, inFile]) => [name.slice(prefix.length), inFile]));
}

/** The names that torch.nn.utils.parametrizations.spectral_norm gives to weight_orig, weight_u and weight_v; sigma = u W v in both. */
const PARAMETRIZED: Readonly<Record<string, string>> = {
  original: "weight_orig",
  "0._u": "weight_u",
  "0._v": "weight_v",
};

export function withoutParametrizations(names: Names): Names {
  const bases = new Set<string>();
  for (const name of names.keys()) {
    const match = /^(.*\.)?parametrizations\.weight\.0\._u$/.exec(name);
    if (match) bases.add(match[1] ?? "");
  }
  if (bases.size === 0) return names;
  return new Map(
    [...names].map(([name, inFile]) => {
      const match = /^(.*\.)?parametrizations\.weight\.(original|0\._[uv])$/.exec(name);
      const base = match?.[1] ?? "";
      return [match && bases.has(base) ? base + PARAMETRIZED[match[2]] : name, inFile];
    }),
  );
}

/**
 * NVIDIA's pix2pixHD puts conv, norm and ReLU side by side in one Sequential (model.1, model.2, model.3; blocks with conv_block.1 and .5);
 * SPADE's copy has conv and norm in a Sequential of their own (model.1.0). Gives SPADE's names, if the norm has no parameters: then
 * a conv's bias in front of it changes nothing and is left out. Other files stay as they are.
 * @param shape of a tensor, by its name in `names`
 */
export function fromPix2pixHD(names: Names, shape: (name: string) => readonly number[], notes: string[]): Names {
  const convs: number[] = [];
  const blocks: number[] = [];
  for (const name of names.keys()) {
    const [, place, rest] = /^model\.(\d+)\.(.*)$/.exec(name) ?? [];
    if (rest === "weight" && shape(name).length === 4) convs.push(Number(place));
    else if (rest === "conv_block.5.weight") blocks.push(Number(place));
    // Another layout, a norm with parameters, or the LocalEnhancer (model1_1).
    else if (place === undefined || !/^(bias|conv_block\.[15]\.(weight|bias))$/.test(rest)) return names;
  }
  const ordered = [...convs, ...blocks].sort((a, b) => a - b);
  const isBlock = new Set(blocks);
  if (blocks.length === 0 || convs.length < 2 || ordered[0] !== 1 || isBlock.has(ordered[ordered.length - 1]))
    return names;
  // Three input channels are red, green and blue (label_nc 0).
  if (shape("model.1.weight")[1] === 3) return names;
  const places = new Map<number, number>();
  let at = 1;
  ordered.forEach((place, i) => {
    // A padding stands before the last conv.
    if (i === ordered.length - 1) at++;
    places.set(place, at);
    at += isBlock.has(place) ? 1 : 2;
  });
  const last = ordered[ordered.length - 1];
  const out: Names = new Map();
  for (const [name, inFile] of names) {
    const [, text, rest] = /^model\.(\d+)\.(.*)$/.exec(name) ?? [];
    const place = Number(text);
    if (text === undefined) out.set(name, inFile);
    else if (place === last) out.set(`model.${places.get(place)}.${rest}`, inFile);
    else if (rest === "weight") out.set(`model.${places.get(place)}.0.weight`, inFile);
    else if (rest === "conv_block.1.weight") out.set(`model.${places.get(place)}.conv_block.1.0.weight`, inFile);
    else if (rest === "conv_block.5.weight") out.set(`model.${places.get(place)}.conv_block.4.0.weight`, inFile);
  }
  notes.push(
    "keys of NVIDIA's pix2pixHD read under SPADE's names; biases before instance norms left out, which remove them",
  );
  return out;
}

/** Strips the prefix `module.`, which DataParallel adds to every key, if all keys have it. */
export function withoutModule(keys: string[]): string[] {
  const prefix = "module.";
  return keys.length > 0 && keys.every((k) => k.startsWith(prefix) && k.length > prefix.length)
    ? keys.map((k) => k.slice(prefix.length))
    : keys;
}
