import { copyFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from '@jest/globals';
import ts from 'typescript';
import { Project } from './project.js';

/** What a consumer of each package has in its tsconfig.json. */
const PACKAGES = [{ name: 'mini-program', options: { lib: ['es2018'], types: [] } }] as const;

/** How a consumer resolves modules; `.ts` is an ES module in these projects, and `.cts` CommonJS. */
const MODES = [
  ['node16, in an ES module', 'ts', { module: 'node16' }],
  ['node16, in CommonJS', 'cts', { module: 'node16' }],
  ['nodenext, in an ES module', 'ts', { module: 'nodenext' }],
  ['nodenext, in CommonJS', 'cts', { module: 'nodenext' }],
  ['bundler', 'ts', { module: 'esnext', moduleResolution: 'bundler' }],
  // Before TypeScript 6 the default of `module: commonjs`, as in Nest's starter projects up to version 10.
  ['node10', 'cts', { module: 'commonjs', moduleResolution: 'node10', ignoreDeprecations: '6.0' }],
] as const;

let project: Project;
beforeAll(async () => {
  project = await Project.copyOf('types');
  await project.write('package.json', JSON.stringify({ private: true, type: 'module' }));
  for (const { name } of PACKAGES) await copyFile(project.path(`${name}.ts`), project.path(`${name}.cts`));
});

/** What `tsc --noEmit` says of a consumer, and of the declarations of the packages. */
function faultsIn(file: string, compilerOptions: object): string[] {
  const { options, errors } = ts.convertCompilerOptionsFromJson(
    {
      target: 'es2018',
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      skipLibCheck: false,
      ...compilerOptions,
    },
    project.folder,
  );
  const program = ts.createProgram([project.path(file)], options);
  return [...errors, ...ts.getPreEmitDiagnostics(program)].map(
    ({ file: source, start = 0, messageText }) =>
      (source ? `${source.fileName}:${source.getLineAndCharacterOfPosition(start).line + 1}: ` : '') +
      ts.flattenDiagnosticMessageText(messageText, '\n'),
  );
}

describe.each(PACKAGES)('a program in TypeScript that uses @wechat-auth/$name', ({ name, options }) => {
  test.each(MODES)('compiles in strict mode with %s', (_mode, ending, mode) => {
    expect(faultsIn(`${name}.${ending}`, { ...options, ...mode })).toEqual([]);
  });
});
