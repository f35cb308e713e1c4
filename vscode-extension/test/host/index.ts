// Runs mocha inside the extension host: VS Code calls `run` (its extensionTestsPath protocol).

import { join } from "node:path";
import { format } from "node:util";

import Mocha from "mocha";

/** Marks the reporter's lines among everything that VS Code writes to its console. */
const PREFIX = "benchwright-test: ";

/** Runs the suites named in BENCHWRIGHT_TEST_SUITES, separated by commas. */
export async function run(): Promise<void> {
  const mocha = new Mocha({ ui: "bdd", timeout: 60_000, reporter: "spec", color: false });
  Mocha.reporters.Base.consoleLog = (...words: unknown[]): void => {
    console.log(PREFIX + format(...words).replaceAll("\n", `\n${PREFIX}`));
  };
  const only = process.env["BENCHWRIGHT_TEST_GREP"];
  if (only !== undefined && only !== "") mocha.grep(only);
  for (const suite of (process.env["BENCHWRIGHT_TEST_SUITES"] ?? "").split(",")) {
    mocha.addFile(join(__dirname, `${suite}.test.js`));
  }
  const failures = await new Promise<number>((done) => mocha.run(done));
  if (failures > 0) throw new Error(`${failures} tests failed`);
}
