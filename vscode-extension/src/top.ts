/** Which module is the top of a file's design. */

import * as vscode from "vscode";

import type { Server } from "./client";
import type { Tops } from "./protocol";

interface Choice extends vscode.QuickPickItem {
  readonly top: string | null;
}

export async function chooseTop(server: Server, uri: vscode.Uri): Promise<void> {
  const file = uri.toString();
  const known = await server.execute<Tops, "benchwright.tops">("benchwright.tops", { uri: file });
  if (known === undefined) {
    return;
  }
  const choice = await vscode.window.showQuickPick(choices(known), {
    title: `Top Module for ${vscode.workspace.asRelativePath(uri)}`,
    placeHolder: "Testbenches are generated for the top, with all that it instantiates",
  });
  if (choice !== undefined) {
    await server.execute("benchwright.selectTop", { uri: file, top: choice.top });
  }
}

function choices({ tops, modules, chosen }: Tops): Choice[] {
  const choice = (name: string): Choice => ({
    label: name,
    top: name,
    ...(name === chosen ? { description: "chosen" } : {}),
  });
  const inner = modules.filter((name) => !tops.includes(name));
  const separator = (label: string): Choice => ({
    label,
    kind: vscode.QuickPickItemKind.Separator,
    top: null,
  });
  return [
    { label: "$(wand) Find It", description: "the module that no other instantiates", top: null },
    separator("tops"),
    ...tops.map(choice),
    ...(inner.length === 0 ? [] : [separator("instantiated by others"), ...inner.map(choice)]),
  ];
}
