// From a kernel's template to WGSL. Three kinds of parameters, each visible in the text:
//   {{name}}   a text constant: tile sizes, a fused activation. An unreplaced one throws
//   $NAME      a size (u32): a pipeline-overridable constant in Node, a field of a uniform in pages (few pipelines)
//   bindings   x, w, y ...: declared in front of the text from what the op binds, with x_t for the element type
// and lines `#if name` / `#else` / `#endif`, which keep their branch when the text constant `name` is truthy.

import { SpadeError } from "./errors.ts";
import type { DType } from "./tensor.ts";

export interface Template {
  /** The file's name without .wgsl, for messages. */
  readonly name: string;
  readonly text: string;
}

export type TextConstants = Record<string, string | number | boolean>;

export interface BindingDecl {
  readonly name: string;
  readonly dtype: DType;
  readonly access: "read" | "read_write";
  /** Elements are single numbers, not vec4. */
  readonly scalar: boolean;
}

export type SizesAs = "override" | "uniform";

const SCALAR: Record<DType, string> = { f32: "f32", f16: "f16", u32: "u32", i32: "i32" };

function fail(template: Template, problem: string, fix: string): never {
  throw new SpadeError("shader", `shaders/${template.name}.wgsl`, problem, fix);
}

function branches(template: Template, constants: TextConstants): string {
  const out: string[] = [];
  const stack: { taken: boolean; parent: boolean }[] = [];
  let live = true;
  template.text.split("\n").forEach((line, i) => {
    const directive = /^\s*#(if|else|endif)\b\s*(!?)(\w*)/.exec(line);
    if (!directive) {
      out.push(live ? line : "");
      return;
    }
    out.push("");
    const [, word, not, name] = directive;
    if (word === "if") {
      if (!(name in constants)) fail(template, `line ${i + 1} asks for the constant "${name}", which the op does not give`, "add it to the op's constants");
      const taken = Boolean(constants[name]) !== (not === "!");
      stack.push({ taken, parent: live });
      live = live && taken;
    } else {
      const top = stack[stack.length - 1];
      if (!top) return fail(template, `line ${i + 1} has #${word} without #if`, "close the branches in order");
      if (word === "else") live = top.parent && !top.taken;
      else live = stack.pop()!.parent;
    }
  });
  if (stack.length) fail(template, "an #if is never closed", "add #endif");
  return out.join("\n");
}

/** The finished WGSL. `sizes` are the names behind $NAME; their values come at pipeline creation or in a uniform. */
export function expand(template: Template, constants: TextConstants, bindings: readonly BindingDecl[], sizes: readonly string[], as: SizesAs): string {
  const used = new Set<string>();
  let text = branches(template, constants).replace(/\{\{(\w+)\}\}/g, (_, name: string) => {
    if (!(name in constants)) fail(template, `{{${name}}} has no value`, "add it to the op's constants");
    used.add(name);
    return String(constants[name]);
  });
  text = text.replace(/\$([A-Z]\w*)/g, (_, name: string) => {
    if (!sizes.includes(name)) fail(template, `$${name} has no value`, "add it to the op's sizes");
    return as === "override" ? name : `sizes.${name}`;
  });
  const head: string[] = [];
  if (bindings.some((b) => b.dtype === "f16")) head.push("enable f16;");
  const enables = [...text.matchAll(/^\s*(enable|requires|diagnostic)\b[^;]*;/gm)].map((m) => m[0].trim());
  text = text.replace(/^\s*(enable|requires|diagnostic)\b[^;]*;/gm, "");
  head.push(...enables.filter((e) => !head.includes(e)));
  bindings.forEach((b, i) => {
    const element = b.scalar ? SCALAR[b.dtype] : `vec4<${SCALAR[b.dtype]}>`;
    head.push(`alias ${b.name}_t = ${element};`);
    head.push(`@group(0) @binding(${i}) var<storage, ${b.access}> ${b.name}: array<${element}>;`);
  });
  if (as === "override") head.push(...sizes.map((s) => `override ${s}: u32;`));
  else if (sizes.length) {
    head.push(`struct Sizes { ${sizes.map((s) => `${s}: u32`).join(", ")} }`);
    head.push(`@group(0) @binding(${bindings.length}) var<uniform> sizes: Sizes;`);
  }
  return `${head.join("\n")}\n${text}`;
}

/** One line out of a compiler's message: file, line, the line's text, a caret under the column. */
export function shaderError(template: Template, code: string, messages: readonly GPUCompilationMessage[]): SpadeError {
  const first = messages.find((m) => m.type === "error") ?? messages[0];
  const line = code.split("\n")[first.lineNum - 1] ?? "";
  const caret = " ".repeat(Math.max(0, first.linePos - 1)) + "^";
  const head = code.split("\n").length - template.text.split("\n").length;
  const at = first.lineNum > head ? first.lineNum - head : 0;
  return new SpadeError(
    "shader",
    `shaders/${template.name}.wgsl${at ? `:${at}` : ""}`,
    `${first.message.split("\n")[0]}\n  ${line}\n  ${caret}\n`,
    messages.length > 1 ? `mend this first; ${messages.length - 1} more messages follow from it` : "mend the line shown",
  );
}
