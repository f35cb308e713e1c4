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
const BOUND = /\b(?:endmodule|module\s+(?:(?:static|automatic)\s+)?(?=[A-Za-z_]))/g;
const NAME = /[A-Za-z_][\w$]*/y;
const HEADER = /^\s*(?:import[^;]*;\s*)*(?:#\s*\([\s\S]*?\)\s*(?=[(;]))?(?:\(\s*([\s\S])|;)/;
const WORD = /[A-Za-z_][\w$]*/g;

/** The modules that have an end, in the order in which they begin. */
export function modulesOf(text: string): Module[] {
  const code = text.replace(NOISE, (noise) => noise.replace(/[^\n]/g, " "));
  const lines = lineStarts(code);
  const found: Module[] = [];
  let begin: number | undefined;
  for (const { 0: bound, index } of code.matchAll(BOUND)) {
    if (bound !== "endmodule") {
      begin = index + bound.length;
    } else if (begin !== undefined) {
      found.push(moduleAt(code, begin, index, lines));
      begin = undefined;
    }
  }
  return found;
}

function moduleAt(code: string, begin: number, end: number, lines: readonly number[]): Module {
  NAME.lastIndex = begin;
  const name = NAME.exec(code)?.[0] ?? "";
  const body = code.slice(begin + name.length, end);
  const line = lines.findLastIndex((start) => start <= begin);
  const firstOfPorts = HEADER.exec(body)?.[1] ?? ")";
  return {
    name,
    line,
    character: begin - (lines[line] ?? 0),
    isTestbench: firstOfPorts === ")" && /\binitial\b/.test(body),
    words: new Set(body.match(WORD)),
  };
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) {
    starts.push(at + 1);
  }
  return starts;
}
