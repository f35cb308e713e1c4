/** Edits that the server asks for: what they change is saved, so that tools on the disk see it. */

import * as vscode from "vscode";
import type { Middleware, WorkspaceEdit } from "vscode-languageclient/node";

type HandleApplyEdit = NonNullable<NonNullable<Middleware["workspace"]>["handleApplyEdit"]>;

/** Applies an edit and saves its files, but for those in which the user had unsaved changes. */
export const applyAndSave: HandleApplyEdit = async (params, next) => {
  const dirty = new Set(
    vscode.workspace.textDocuments
      .filter((document) => document.isDirty)
      .map((document) => document.uri.toString()),
  );
  const result = await next(params, new vscode.CancellationTokenSource().token);
  for (const file of touched(params.edit)) {
    const uri = vscode.Uri.parse(file).toString();
    const document = vscode.workspace.textDocuments.find((open) => open.uri.toString() === uri);
    if (document?.isDirty === true && !dirty.has(uri)) {
      await document.save();
    }
  }
  return result;
};

function touched(edit: WorkspaceEdit): Set<string> {
  const uris = new Set(Object.keys(edit.changes ?? {}));
  for (const change of edit.documentChanges ?? []) {
    if ("textDocument" in change) {
      uris.add(change.textDocument.uri);
    } else if (change.kind === "create") {
      uris.add(change.uri);
    }
  }
  return uris;
}
