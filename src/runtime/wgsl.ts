// Expands a kernel's template to WGSL. Templates have three kinds of parameters:
//   {{name}}   a text constant: tile sizes, a fused activation. One without a value throws
//   $NAME      a size (u32): a pipeline-overridable constant, or a field of a uniform (few pipelines)
//   bindings   x, w, y ...: declared in front of the text from the op's bindings, with x_t for the element type
// Lines `#if name` (or `#if !name`) / `#else` / `#endif` keep the branch that the text constant `name` selects.

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

/** Sizes as constants, in uniforms, or in uniforms but for those that a dispatch names (its `constantSizes`). */
export type SizesAs = "override" | "uniform" | "mixed";

/** The expanded text, and for each of its lines the number of the template line it comes from (from 1; 0: none). */
export interface Wgsl {
  readonly code: string;
  readonly lines: readonly number[];
}

const SCALAR: Record<DType, string> = { f32: "f32", f16: "f16", u32: "u32", i32: "i32" };
const DIRECTIVE = /^[ \t]*(?:enable|requires|diagnostic)\b[^;]*;/gm;

function fail(template: Template, line: number, problem: string, fix: string): never {
  throw new SpadeError("shader", `${template.name}.wgsl${line ? `:${line}` : ""}`, problem, fix);
}

/** The template's lines; lines in branches not taken and #if/#else/#endif lines become empty. */
function branches(template: Template, constants: TextConstants): string[] {
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
      if (!Object.hasOwn(constants, name))
        fail(
          template,
          i + 1,
          `asks for the constant "${name}", which the op does not give`,
          "add it to the op's constants",
        );
      const taken = Boolean(constants[name]) !== (not === "!");
      stack.push({ taken, parent: live });
      live = live && taken;
    } else {
      const top = stack[stack.length - 1];
      if (!top) return fail(template, i + 1, `#${word} without #if`, "close the branches in order");
      if (word === "else") live = top.parent && !top.taken;
      else live = stack.pop()!.parent;
    }
  });
  if (stack.length) fail(template, 0, "an #if is never closed", "add #endif");
  return out;
}

/**
 * Expands a template. `sizes` are the names allowed in $NAME; their values are u32; those in `floats` are bits of an f32.
 * @param uniforms the sizes whose values come in a uniform, in its order; those of the others come at pipeline creation
 */
export function expand(
  template: Template,
  constants: TextConstants,
  bindings: readonly BindingDecl[],
  sizes: readonly string[],
  uniforms: readonly string[],
  floats: ReadonlySet<string> = new Set(),
): Wgsl {
  const body: string[] = [];
  const lines: number[] = [];
  branches(template, constants).forEach((raw, i) => {
    const line = raw
      .replace(/\{\{(\w+)\}\}/g, (_, name: string) => {
        if (!Object.hasOwn(constants, name))
          fail(template, i + 1, `{{${name}}} has no value`, "add it to the op's constants");
        return String(constants[name]);
      })
      .replace(/\$([A-Z]\w*)/g, (_, name: string) => {
        if (!sizes.includes(name)) fail(template, i + 1, `$${name} has no value`, "add it to the op's sizes");
        const value = uniforms.includes(name) ? `sizes.${name}` : name;
        return floats.has(name) ? `bitcast<f32>(${value})` : value;
      });
    const left = /\{\{.*?\}\}|\$\w*/.exec(line);
    if (left)
      fail(template, i + 1, `${left[0]} is not a placeholder`, "write {{name}} for a text constant, $NAME for a size");
    // A text constant may have several lines; all of them count as this template line.
    for (const part of line.split("\n")) {
      body.push(part);
      lines.push(i + 1);
    }
  });
  const text = body.join("\n");
  const directives = new Map<string, number>();
  if (bindings.some((b) => b.dtype === "f16")) directives.set("enable f16;", 0);
  for (const found of text.matchAll(DIRECTIVE)) {
    const directive = found[0].trim().replace(/\s+/g, " ");
    if (!directives.has(directive)) directives.set(directive, lines[text.slice(0, found.index).split("\n").length - 1]);
  }
  const head = [...directives.keys()];
  bindings.forEach((b, i) => {
    const element = b.scalar ? SCALAR[b.dtype] : `vec4<${SCALAR[b.dtype]}>`;
    head.push(`alias ${b.name}_t = ${element};`);
    head.push(`@group(0) @binding(${i}) var<storage, ${b.access}> ${b.name}: array<${element}>;`);
  });
  for (const s of sizes) if (!uniforms.includes(s)) head.push(`override ${s}: u32;`);
  if (uniforms.length) {
    head.push(`struct Sizes { ${uniforms.map((s) => `${s}: u32`).join(", ")} }`);
    head.push(`@group(0) @binding(${bindings.length}) var<uniform> sizes: Sizes;`);
  }
  // Move directives to the top, but leave their line breaks, so that line numbers stay right.
  const rest = text.replace(DIRECTIVE, (directive) => directive.replace(/[^\n]/g, ""));
  return {
    code: [...head, rest].join("\n"),
    lines: [...head.map((_, i) => [...directives.values()][i] ?? 0), ...lines],
  };
}

/** Longest excerpt in a message; longer lines are cut around the caret. */
const EXCERPT = 120;

/** One error from a compiler's messages: the template's file and line, the expanded line's text, a caret under the column. */
export function shaderError(
  template: Template,
  { code, lines }: Wgsl,
  messages: readonly GPUCompilationMessage[],
): SpadeError {
  const first = messages.find((m) => m.type === "error") ?? messages[0];
  const at = lines[first.lineNum - 1] ?? 0;
  const line = first.lineNum ? (code.split("\n")[first.lineNum - 1] ?? "") : "";
  const column = Math.max(0, first.linePos - 1);
  const from = line.length > EXCERPT ? Math.max(0, Math.min(column - EXCERPT / 2, line.length - EXCERPT)) : 0;
  const excerpt = line && `\n  ${line.slice(from, from + EXCERPT)}\n  ${" ".repeat(column - from)}^\n`;
  return new SpadeError(
    "shader",
    `${template.name}.wgsl${at ? `:${at}` : ""}`,
    `${first.message.split("\n")[0]}${excerpt}`,
    messages.length > 1 ? `fix this first; ${messages.length - 1} more messages follow from it` : "fix the line shown",
  );
}
