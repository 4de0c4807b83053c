import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/**
 * A package that is loaded when it is first needed. Not by `import()`: Node.js 20 keeps the failure of an import until
 * the process ends, also where nothing but file descriptors was missing. It keeps a failed look-up of a package as well,
 * so the file is found now.
 * @returns loads the package, or gives the loaded one
 */
export function lazyPackage(name: string): () => unknown {
  const path = require.resolve(name);
  return () => require(path) as unknown;
}
