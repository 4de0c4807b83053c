import config from './jest.config.mjs';

/** Tests that take minutes, one file at a time; on MariaDB and Redis too where the run has them. */
const ALL = '<rootDir>/test/slow/**/*.slow.ts';
/** Start servers of their own, whatever the run is on. */
const ON_THEIR_OWN = ['statements', 'bench'].map((name) => `!<rootDir>/test/slow/${name}.slow.ts`);

export default {
  ...config,
  projects: config.projects.map((project, index) => ({
    ...project,
    testMatch: index === 0 ? [ALL] : [ALL, ...ON_THEIR_OWN],
  })),
  maxWorkers: 1,
  testTimeout: 600_000,
};
