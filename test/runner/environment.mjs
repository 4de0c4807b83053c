/** The global scope of test files: Node's own. See runtime.mjs. */
export default class SharedGlobalEnvironment {
  /** What Jest sets for a file (its console) stays out of the global scope that all files have. */
  global = {};
  hasPassed = false;
  failures = 0;

  constructor({ projectConfig }) {
    Object.assign(globalThis, projectConfig.globals);
  }

  async setup() {}

  handleTestEvent(event, state) {
    if (event.name === 'test_done') this.failures += event.test.errors.length;
    if (event.name === 'run_finish') this.hasPassed = this.failures + state.unhandledErrors.length === 0;
  }

  /**
   * Stops what the file has left running.
   * @throws Error where it passed: a test that does not stop what it started hides that the service does not end
   */
  async teardown() {
    // In TypeScript, as what registers there: it can be imported since runtime.mjs was.
    const { stopLeftovers } = await import('./running.ts');
    const names = await stopLeftovers();
    if (this.hasPassed && names.length > 0) {
      throw new Error(`The test file did not stop what it started: ${names.join(', ')}.`);
    }
  }

  getVmContext() {
    return null;
  }

  exportConditions() {
    return ['node', 'node-addons'];
  }
}
