/** One project for each place that the end-to-end tests run on; dense units run once, in the first. */
const shared = {
  rootDir: import.meta.dirname,
  // Among others: the service reads the bundles of its pages from dist/browser, also when it runs from src.
  globalSetup: '<rootDir>/test/runner/setup.mjs',
  // Test files of a worker share modules: docs/decisions/046-tests-share-modules.md.
  runtime: '<rootDir>/test/runner/runtime.mjs',
  testEnvironment: '<rootDir>/test/runner/environment.mjs',
  transform: {},
};

const projects = [
  {
    ...shared,
    displayName: 'sqlite',
    testMatch: ['test', 'src', 'sandbox/test', 'sdk'].flatMap((folder) =>
      ['spec', 'e2e'].map((kind) => `<rootDir>/${folder}/**/*.${kind}.ts`),
    ),
    globals: { backend: { databaseUrl: null, redisUrl: null } },
  },
];

const { TEST_DATABASE_URL, TEST_REDIS_URL } = process.env;
if (TEST_DATABASE_URL || TEST_REDIS_URL) {
  projects.push({
    ...shared,
    displayName: [TEST_DATABASE_URL && 'mysql', TEST_REDIS_URL && 'redis'].filter(Boolean).join('+'),
    testMatch: ['<rootDir>/test/**/*.e2e.ts'],
    globals: { backend: { databaseUrl: TEST_DATABASE_URL ?? null, redisUrl: TEST_REDIS_URL ?? null } },
  });
}

export default {
  projects,
  // Jest leaves one core to itself, which on two is half of them. More than 100 % breaks tests of deadlines.
  maxWorkers: '100%',
  // A worker that has grown is replaced between two files.
  workerIdleMemoryLimit: '1GB',
  testTimeout: 30_000,
  reporters: ['default', '<rootDir>/scripts/test-reporter.mjs'],
};
