// A grammar of Verilog for pictures. The extension contributes none of its own: whoever writes
// Verilog has one, from one of the extensions that are about the language.

import { copyFileSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Tools } from "../rig/tools.mts";

const GRAMMARS = [
  { language: "systemverilog", scopeName: "source.systemverilog", file: "system-verilog.json" },
  { language: "verilog", scopeName: "source.verilog", file: "verilog.json" },
];

/** A folder with an extension that holds the grammars, to be packaged. */
export function grammarExtension(tools: Tools): string {
  const folder = mkdtempSync(join(tmpdir(), "benchwright-grammar-"));
  for (const { file } of GRAMMARS) {
    const grammars = join(tools.extension, "node_modules/tm-grammars/grammars");
    copyFileSync(join(grammars, file), join(folder, file));
  }
  const manifest = {
    name: "verilog-grammar",
    publisher: "benchwright-test",
    version: "0.0.1",
    engines: { vscode: "^1.91.0" },
    contributes: {
      grammars: GRAMMARS.map(({ language, scopeName, file }) => ({
        language,
        scopeName,
        path: `./${file}`,
      })),
    },
  };
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
  return folder;
}
