// How Jest loads modules here: as Node does. See docs/decisions/046-tests-share-modules.md.
import module from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { setGlobals } from './globals.mjs';
import * as typescript from './typescript.mjs';

if (module.registerHooks) module.registerHooks(typescript);
else module.register('./typescript.mjs', import.meta.url);

const require = module.createRequire(import.meta.url);

/** Counts test files, so that each is evaluated anew: the one thing that files do not share. */
let files = 0;

/**
 * Stands in for jest-runtime. That one evaluates every module for every test file, in a global scope of its own; this
 * one imports them by Node itself, so that the modules of the service, of the harness and of vendors are evaluated once
 * in a process, and the classes of errors and arrays are the same everywhere.
 */
export default class SharedModulesRuntime {
  unstable_shouldLoadAsEsm() {
    return true;
  }

  unstable_importModule(path) {
    files++;
    return import(`${pathToFileURL(path).href}?file=${files}`);
  }

  requireModule(path) {
    return require(path);
  }

  /** jest-circus, which keeps its state in module scope and under symbols of the global object: anew for each file. */
  requireInternalModule(path) {
    for (const symbol of Object.getOwnPropertySymbols(globalThis)) {
      if (CIRCUS_STATE.has(symbol.description)) delete globalThis[symbol];
    }
    delete require.cache[path];
    return require(path);
  }

  setGlobalsForRuntime(globals) {
    setGlobals(globals);
  }

  /** Where source maps are, by the path that stands in a stack trace. */
  getSourceMaps() {
    return { get: sourceMapOf, *[Symbol.iterator]() {} };
  }

  getAllCoverageInfoCopy() {
    return undefined;
  }

  enterTestCode() {}

  leaveTestCode() {}

  teardown() {}
}

const CIRCUS_STATE = new Set(['JEST_STATE_SYMBOL', 'EVENT_HANDLERS', 'TEST_TIMEOUT_SYMBOL']);

function sourceMapOf(path) {
  const file = path.startsWith('file:') ? fileURLToPath(path) : path.replace(/\?.*$/, '');
  return file.endsWith('.ts') ? typescript.sourceMapOf(file) : undefined;
}
