import { dirname } from 'node:path';
import ts from 'typescript';
import type { Project } from './project.js';

/** Parsed files of libraries: programs with the same kind of modules share them. */
const parsed = new Map<string, ts.SourceFile | undefined>();

/**
 * What `tsc` says of a file and of the declarations of the packages that it imports, in strict mode.
 * @param compilerOptions as in tsconfig.json
 */
export function faultsIn(project: Project, file: string, compilerOptions: object): string[] {
  const strict = { target: 'es2018', strict: true, exactOptionalPropertyTypes: true, noEmit: true };
  const { options, errors } = ts.convertCompilerOptionsFromJson(
    { ...strict, skipLibCheck: false, ...compilerOptions },
    project.folder,
  );
  const isInstalled = (fileName: string): boolean => fileName.startsWith(dirname(project.folder));
  const host = ts.createCompilerHost(options);
  // Where `types` is looked up.
  host.getCurrentDirectory = () => project.folder;
  const read = host.getSourceFile.bind(host);
  host.getSourceFile = (fileName, version, ...rest) => {
    if (isInstalled(fileName)) return read(fileName, version, ...rest);
    const format = typeof version === 'object' ? version.impliedNodeFormat : undefined;
    const key = [fileName, options.target, format, format ?? options.moduleResolution].join();
    if (!parsed.has(key)) parsed.set(key, read(fileName, version, ...rest));
    return parsed.get(key);
  };

  const program = ts.createProgram([project.path(file)], options, host);
  const judged = program
    .getSourceFiles()
    .filter(({ fileName }) => isInstalled(fileName))
    .flatMap((source) => [
      ...program.getSyntacticDiagnostics(source),
      ...program.getSemanticDiagnostics(source),
    ]);
  return [...errors, ...program.getOptionsDiagnostics(), ...program.getGlobalDiagnostics(), ...judged].map(
    ({ file: source, start = 0, messageText }) =>
      (source ? `${source.fileName}:${source.getLineAndCharacterOfPosition(start).line + 1}: ` : '') +
      ts.flattenDiagnosticMessageText(messageText, '\n'),
  );
}
