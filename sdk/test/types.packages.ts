import { copyFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { Project } from './project.js';
import { faultsIn } from './type-check.js';

const NODE = {
  lib: ['es2023'],
  types: ['node'],
  esModuleInterop: true,
  target: 'es2023',
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
};

/** What a consumer of each package has in its tsconfig.json. */
const PACKAGES = [
  { name: 'mini-program', options: { lib: ['es2018'], types: [] } },
  { name: 'mini-program-wechat', options: { lib: ['es2018'], types: ['miniprogram-api-typings'] } },
  { name: 'web', options: { lib: ['es2020', 'dom'], types: [] } },
  { name: 'node', options: NODE },
  // Nest 12 is an ES module, which CommonJS of `node16` cannot import itself.
  { name: 'nest', options: NODE, except: 'node16, in CommonJS' },
] as const;

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

describe.each(PACKAGES)('a program in TypeScript: $name', ({ name, options, ...rest }) => {
  const except = 'except' in rest ? rest.except : null;
  test.each(MODES.filter(([mode]) => mode !== except))(
    'compiles in strict mode with %s',
    (_mode, ending, mode) => {
      expect(faultsIn(project, `${name}.${ending}`, { ...options, ...mode })).toEqual([]);
    },
  );
});
