// Loads the packages that are loaded late while there are no file descriptors, and again when there are.
import { closeSync, openSync } from 'node:fs';
import module from 'node:module';
import * as typescript from '../runner/typescript.mjs';

if (module.registerHooks) module.registerHooks(typescript);
else module.register('../runner/typescript.mjs', import.meta.url);

const { lazyPackage } = await import('../../src/common/lazy-package.ts');

const packages = process.argv.slice(2).map((name) => lazyPackage(name));
const opened = [];
try {
  for (;;) opened.push(openSync('/dev/null'));
} catch {
  // None is left.
}
const outcomes = [];
for (const isShort of [true, false]) {
  if (!isShort) for (const descriptor of opened) closeSync(descriptor);
  for (const load of packages) {
    try {
      outcomes.push(Object.keys(await load()).length > 0);
    } catch {
      outcomes.push(false);
    }
  }
}
console.log(JSON.stringify(outcomes));
