// Runs `tsc` on each project, and `eslint .` with the TypeScript program of the first project: building its own program
// is half of ESLint's time.
import { ESLint } from 'eslint';
import ts from 'typescript';

/** The first one contains all files that ESLint checks. */
const PROJECTS = [
  'tsconfig.test.json',
  'src/pages/browser/tsconfig.json',
  'src/partner/pages/browser/tsconfig.json',
  'src/web-qr-login/pages/browser/tsconfig.json',
  ...['mini-program', 'web', 'node'].map((name) => `sdk/${name}/tsconfig.json`),
  'sdk/mini-program/example/jsconfig.json',
];

const host = {
  getCanonicalFileName: (name) => name,
  getCurrentDirectory: ts.sys.getCurrentDirectory,
  getNewLine: () => ts.sys.newLine,
};

function say(diagnostics) {
  if (diagnostics.length > 0) console.log(ts.formatDiagnosticsWithColorAndContext(diagnostics, host));
}

let failed = false;

/** Checks the types of a project. @returns its program */
function checkTypes(project) {
  const { fileNames, options, errors } = ts.getParsedCommandLineOfConfigFile(
    project,
    { noEmit: true },
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: (diagnostic) => say([diagnostic]) },
  );
  const program = ts.createProgram({ rootNames: fileNames, options, configFileParsingDiagnostics: errors });
  const diagnostics = ts.getPreEmitDiagnostics(program);
  say(diagnostics);
  failed ||= diagnostics.length > 0;
  return program;
}

const [program] = PROJECTS.map(checkTypes);
const eslint = new ESLint({
  overrideConfig: {
    files: ['**/*.ts', '**/*.tsx'],
    // In place of `project` in eslint.config.mjs.
    languageOptions: { parserOptions: { project: null, programs: [program] } },
  },
});
const results = await eslint.lintFiles(['.']);
const formatter = await eslint.loadFormatter('stylish');
const text = await formatter.format(results);
if (text) console.log(text);

if (failed || results.some(({ errorCount }) => errorCount > 0)) process.exitCode = 1;
