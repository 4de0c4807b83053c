// What test files and the harness import from `@jest/globals`. Each test file has a `describe`, `test` and so on of its
// own; modules that are evaluated once for all files see the present ones, since exports are live bindings.
import { ModuleMocker } from 'jest-mock';

export let afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test;

/** What there is of `jest`: functions that stand in for others. Modules cannot be replaced: test files share them. */
export const jest = Object.assign(new ModuleMocker(globalThis), {
  /** @param ms that each test and hook of the present file may take */
  setTimeout(ms) {
    // Where jest-circus looks for it.
    globalThis[Symbol.for('TEST_TIMEOUT_SYMBOL')] = ms;
  },
});

/** Puts the functions of the test file in place that is about to run. */
export function setGlobals(globals) {
  ({ afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test } = globals);
}
