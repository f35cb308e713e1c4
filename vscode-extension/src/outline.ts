/**
 * The modules of a Verilog text, found by scanning: quick, and right enough on broken text.
 * Elaboration, which is right, is the server's.
 */

export interface Module {
  readonly name: string;
  /** Where its name is, counted from 0. */
  readonly line: number;
  readonly character: number;
  /** It has no ports and starts by itself. */
  readonly isTestbench: boolean;
  /** Every word of its body, among which are the modules that it instantiates. */
  readonly words: ReadonlySet<string>;
}

const NOISE = /\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|"(?:[^"\\\n]|\\[\s\S])*"/g;
const MODULE = /\bmodule\s+(?:(?:static|automatic)\s+)?([A-Za-z_][\w$]*)([\s\S]*?)\bendmodule\b/g;
const HEADER = /^\s*(?:import[^;]*;\s*)*(?:#\s*\([\s\S]*?\)\s*(?=[(;]))?\s*(?:\(\s*([\s\S]?)|;)/;
const WORD = /[A-Za-z_][\w$]*/g;

export function modulesOf(text: string): Module[] {
  const code = text.replace(NOISE, (noise) => noise.replace(/[^\n]/g, " "));
  const lines = lineStarts(code);
  return [...code.matchAll(MODULE)].map((match) => {
    const [whole, name = "", body = ""] = match;
    const offset = match.index + whole.indexOf(name, "module".length);
    const line = lines.findLastIndex((start) => start <= offset);
    const firstOfPorts = HEADER.exec(body)?.[1] ?? "";
    return {
      name,
      line,
      character: offset - (lines[line] ?? 0),
      isTestbench: /^\)?$/.test(firstOfPorts) && /\binitial\b/.test(body),
      words: new Set(body.match(WORD)),
    };
  });
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) {
    starts.push(at + 1);
  }
  return starts;
}
