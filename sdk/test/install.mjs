// Builds and packs the client packages, and installs the tarballs into a folder in which tests make projects. Jest runs
// it before the tests of sdk/test; INSTALLED_PACKAGES is the folder.
import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import setUp from '../../test/runner/setup.mjs';

const ROOT = join(import.meta.dirname, '../..');
const PACKAGES = ['mini-program', 'web', 'node'];
/** What the projects use besides, by the folder that has installed it: linked, so that a test needs no registry. */
const LIBRARIES = {
  '.': ['@nestjs/common', '@nestjs/core', '@types/node', 'fastify', 'reflect-metadata', 'rxjs'],
  sdk: [
    '@nestjs/platform-express',
    '@types/express',
    '@types/koa',
    '@types/react',
    'express',
    'koa',
    'miniprogram-api-typings',
    'react',
    'react-dom',
    'vue',
  ],
};

/** Their names here, where these are others. */
const ALIASES = { '@nestjs/platform-express': 'nest-platform-express' };

export default async function install() {
  const folder = mkdtempSync(join(tmpdir(), 'wechat-auth-projects-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  await setUp();
  run(ROOT, process.execPath, 'sdk/build.mjs');

  // Without scripts: a `prepack` would build again. What a package depends on is packed too, from node_modules.
  const pack = ['npm', 'pack', '--silent', '--ignore-scripts', '--pack-destination', folder];
  run(ROOT, ...pack, ...PACKAGES.flatMap((name) => ['--workspace', `sdk/${name}`]));
  run(ROOT, ...pack, ...dependencies().map((name) => `./node_modules/${name}`));
  const tarballs = readdirSync(folder).map((file) => `./${file}`);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'projects', private: true }));
  run(folder, 'npm', 'install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', ...tarballs);

  const modules = join(folder, 'node_modules');
  for (const [from, names] of Object.entries(LIBRARIES)) {
    for (const name of names) {
      mkdirSync(dirname(join(modules, name)), { recursive: true });
      symlinkSync(join(ROOT, from, 'node_modules', ALIASES[name] ?? name), join(modules, name));
    }
  }
  process.env.INSTALLED_PACKAGES = folder;
}

/** The names of all dependencies of the packages. */
function dependencies() {
  const manifests = PACKAGES.map((name) =>
    JSON.parse(readFileSync(join(ROOT, 'sdk', name, 'package.json'), 'utf8')),
  );
  return [...new Set(manifests.flatMap(({ dependencies = {} }) => Object.keys(dependencies)))];
}

/** @throws Error with the output, where the program fails */
function run(cwd, program, ...words) {
  const { status, stdout, stderr } = spawnSync(program, words, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${words.join(' ')}\n${stdout}${stderr}`);
}
