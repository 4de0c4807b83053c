import { TestEnvironment } from 'jest-environment-node';

/** Outlives every test file: it belongs to the process, not to the world that Jest makes for a file. */
const kept = [];

/** What is kept keeps the world of its file, which costs memory: only where it is needed. */
const AFFECTED = Number(process.versions.node.split('.', 1)[0]) >= 24;

/**
 * Node's environment with `keepAlive`: SQLite's connections and statements must not be collected (see
 * `retire` in src/database/sqlite/file.ts), also not when the world of their file is gone.
 */
export default class extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    this.global.keepAlive = (handle) => void (AFFECTED && kept.push(handle));
  }
}
