// What a package must contain, beside what publint and attw check. For scripts/packages.mjs.
import { existsSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join } from 'node:path';
import ts from 'typescript';

/** In each package, beside `dist`. */
const FILES = ['package.json', 'LICENSE', 'README.md', 'README.zh-CN.md', 'CHANGELOG.md'];

/** @param folder of the package @param paths of the packed files @returns what is wrong, a sentence each */
export function faultsOfContents(folder, paths) {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return [
    ...faultsOfFiles(folder, paths),
    ...faultsOfVersion(folder, manifest),
    ...faultsOfDependencies(folder, paths, manifest),
  ];
}

function* faultsOfFiles(folder, paths) {
  for (const file of FILES) if (!paths.includes(file)) yield `the package has no ${file}`;
  for (const path of paths) {
    if (!FILES.includes(path) && !path.startsWith('dist/')) yield `the package must not contain ${path}`;
    if (/\.map$|\/\.|\.(spec|e2e|browser)\./.test(path)) yield `${path} is for this repository only`;
    if (/\.c?js$/.test(path)) {
      const [, map] = /^\/\/# sourceMappingURL=(?!data:)(.*)$/m.exec(read(folder, path)) ?? [];
      if (map && !paths.includes(join(dirname(path), map))) yield `${path} names ${map}, which is not packed`;
    }
  }
}

/** Keep a Changelog: `## [0.1.0] - 2026-11-29`. */
function* faultsOfVersion(folder, { version }) {
  if (!existsSync(join(folder, 'CHANGELOG.md'))) return;
  const versions = [...read(folder, 'CHANGELOG.md').matchAll(/^## \[(.+)\] - \d{4}-\d{2}-\d{2}$/gm)];
  if (!versions.some(([, each]) => each === version)) yield `CHANGELOG.md has no entry for ${version}`;
}

/** Another package is imported if and only if package.json declares it. A peer may be there for its types alone. */
function* faultsOfDependencies(folder, paths, { dependencies = {}, peerDependencies = {}, engines }) {
  const declared = { ...dependencies, ...peerDependencies };
  const imported = new Set();
  for (const path of paths.filter((each) => /\.c?js$|\.d\.c?ts$/.test(each))) {
    for (const { fileName } of ts.preProcessFile(read(folder, path), true, true).importedFiles) {
      if (fileName.startsWith('.')) continue;
      const name = /^(@[^/]+\/)?[^/]+/.exec(fileName)[0];
      const builtIn = fileName.startsWith('node:') || builtinModules.includes(fileName);
      if (!builtIn) imported.add(name);
      if (builtIn ? !engines?.node : !(name in declared)) yield `${path} imports ${fileName}, undeclared`;
    }
  }
  for (const name of Object.keys(declared)) {
    if (!imported.has(name)) yield `package.json declares ${name}, which nothing imports`;
  }
}

function read(folder, path) {
  return readFileSync(join(folder, path), 'utf8');
}
