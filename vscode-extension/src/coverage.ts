/**
 * Coverage in the editor's own Test Coverage view. Lines are statements, branches and expressions
 * are branches of theirs, states and `cover` points are declarations.
 */

import * as vscode from "vscode";

import type { Server } from "./client";
import type {
  CoverageAnswer,
  DeclarationDetails,
  FileDetails,
  FileSummary,
  StatementDetails,
  Tally,
} from "./protocol";
import { showsToggles } from "./settings";

/** The summary of each file that a result covers; none while the server does not answer. */
export async function coveredFiles(server: Server): Promise<vscode.FileCoverage[]> {
  const answer = await server.request<CoverageAnswer>("benchwright/coverage", {
    toggles: showsToggles(),
  });
  return (answer?.files ?? []).map(fileCoverage);
}

function fileCoverage(file: FileSummary): vscode.FileCoverage {
  return new vscode.FileCoverage(
    vscode.Uri.parse(file.uri),
    count(file.statement),
    optional(file.branch),
    optional(file.declaration),
  );
}

function count([covered, total]: Tally): vscode.TestCoverageCount {
  return new vscode.TestCoverageCount(covered, total);
}

/** A kind that a file has none of is left out, for it would be shown as 0 of 0. */
function optional(tally: Tally): vscode.TestCoverageCount | undefined {
  return tally[1] === 0 ? undefined : count(tally);
}

/** What is covered within a file, asked for when the editor shows it. */
export async function coverageDetails(
  server: Server,
  uri: vscode.Uri,
  token: vscode.CancellationToken,
): Promise<vscode.FileCoverageDetail[]> {
  const parameters = { uri: uri.toString(), toggles: showsToggles() };
  const details = await server.request<FileDetails>("benchwright/fileCoverage", parameters, token);
  const document = details === undefined ? undefined : await opened(uri);
  if (details === undefined || document === undefined) {
    return [];
  }
  return [
    ...details.statements
      .filter(({ line }) => line < document.lineCount)
      .map((statement) => statementCoverage(statement, document)),
    ...details.declarations.map(declarationCoverage),
  ];
}

/** The file's document; undefined where the file is gone. */
async function opened(uri: vscode.Uri): Promise<vscode.TextDocument | undefined> {
  try {
    return await vscode.workspace.openTextDocument(uri);
  } catch {
    return undefined;
  }
}

function statementCoverage(
  { line, endLine, count: executed, branches }: StatementDetails,
  document: vscode.TextDocument,
): vscode.StatementCoverage {
  const first = document.lineAt(line);
  const last = document.lineAt(Math.min(Math.max(endLine, line), document.lineCount - 1));
  const start = new vscode.Position(line, first.firstNonWhitespaceCharacterIndex);
  return new vscode.StatementCoverage(
    executed,
    new vscode.Range(start, last.range.end),
    branches.map(
      (branch) =>
        new vscode.BranchCoverage(
          branch.count,
          new vscode.Position(branch.line, branch.character),
          branch.label,
        ),
    ),
  );
}

function declarationCoverage(declared: DeclarationDetails): vscode.DeclarationCoverage {
  const place = new vscode.Position(declared.line, declared.character);
  return new vscode.DeclarationCoverage(declared.name, declared.count, place);
}
