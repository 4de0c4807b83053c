import { TestEnvironment } from 'jest-environment-node';

/**
 * Survives all test files, because it belongs to the process and not to the context that Jest creates per
 * file.
 */
const kept = [];

/**
 * A kept handle keeps the context of its file in memory, so handles are kept only in affected versions of
 * Node.
 */
const AFFECTED = Number(process.versions.node.split('.', 1)[0]) >= 24;

/**
 * Node's environment with `keepAlive`: SQLite's connections and statements must not be garbage-collected (see
 * `retire` in src/database/sqlite/file.ts), even after the context of their file has ended.
 */
export default class extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    this.global.keepAlive = (handle) => void (AFFECTED && kept.push(handle));
  }
}
