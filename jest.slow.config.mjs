import config from './jest.config.mjs';

/** Tests that take minutes, one file at a time; on MariaDB and Redis too where the run has them. */
const ALL = '<rootDir>/test/slow/**/*.slow.ts';
/** Start servers of their own, whatever the run is on: once is enough. */
const ON_THEIR_OWN = '/test/slow/(statements|bench)\\.slow\\.ts$';

export default {
  ...config,
  projects: config.projects.map((project, index) => ({
    ...project,
    testMatch: [ALL],
    testPathIgnorePatterns: ['/node_modules/', ...(index === 0 ? [] : [ON_THEIR_OWN])],
  })),
  maxWorkers: 1,
  testTimeout: 600_000,
};
