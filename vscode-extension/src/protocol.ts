/** What the server is asked and tells beside LSP 3.17; docs/language-server.md describes it. */

/** Covered and total. */
export type Tally = readonly [covered: number, total: number];

export type RunState = "queued" | "running" | "done" | "cancelled" | "failed";

export interface Run {
  readonly id: string;
  readonly kind: "generate" | "cover" | "rest" | "simulate" | "explain" | "import";
  readonly uri: string;
  readonly module?: string | null;
  /** The module that it is about, as far as that is known. */
  readonly top?: string;
  readonly title?: string;
  readonly state: RunState;
  /** Since its process began. */
  readonly seconds?: number;
  readonly phase?: string | null;
  readonly message?: string | null;
  readonly binsLeft?: number | null;
  /** Percent. */
  readonly overall?: number | null;
  readonly tallies?: Readonly<Record<string, Tally>>;
  /** The testbench that was written. */
  readonly output?: string | null;
  /** Where what made it fail stands. */
  readonly location?: Place | null;
  /** An explanation. */
  readonly markdown?: string | null;
}

/** A place as the tools name it: a path, and a line and column that count from 1. */
export interface Place {
  readonly file: string;
  readonly line?: number | null;
  readonly column?: number | null;
}

export interface RunStarted {
  readonly runId?: string | null;
}

/** `benchwright.tops`. */
export interface Tops {
  readonly tops: readonly string[];
  readonly modules: readonly string[];
  readonly chosen?: string | null;
}

/** A file in the answer to `benchwright/coverage`. */
export interface FileSummary {
  readonly uri: string;
  readonly stale: boolean;
  readonly provisional: boolean;
  readonly top?: string | null;
  readonly statement: Tally;
  readonly branch: Tally;
  readonly declaration: Tally;
}

export interface CoverageAnswer {
  readonly files: readonly FileSummary[];
}

/** The answer to `benchwright/fileCoverage`; lines and characters count from 0. */
export interface FileDetails {
  readonly uri: string;
  readonly stale: boolean;
  readonly statements: readonly StatementDetails[];
  readonly declarations: readonly DeclarationDetails[];
}

export interface StatementDetails {
  readonly line: number;
  readonly endLine: number;
  readonly count: number;
  readonly branches: readonly BranchDetails[];
}

export interface BranchDetails {
  readonly label: string;
  readonly count: number;
  readonly line: number;
  readonly character: number;
}

export interface DeclarationDetails {
  readonly name: string;
  readonly line: number;
  readonly character: number;
  readonly count: number;
}

/** The server's commands and what each takes, as one object. */
export interface Commands {
  "benchwright.generate": { uri: string; module?: string; output?: string; budget?: number };
  "benchwright.cover": { uri: string; line?: number; bins?: readonly string[]; module?: string };
  "benchwright.closeRest": { uri: string; module?: string };
  "benchwright.simulate": { uri: string };
  "benchwright.explain": { uri: string; line?: number; bin?: string };
  "benchwright.waive": { uri: string; line?: number; bins?: readonly string[]; reason?: string };
  "benchwright.importCoverage": { uri: string; files: readonly string[] };
  "benchwright.cancel": { runId: string };
  "benchwright.finish": { runId: string };
  "benchwright.runs": Record<string, never>;
  "benchwright.clear": { uri?: string };
  "benchwright.tops": { uri: string };
  "benchwright.selectTop": { uri: string; top: string | null };
}

export const isOver = (run: Run): boolean =>
  run.state === "done" || run.state === "cancelled" || run.state === "failed";
