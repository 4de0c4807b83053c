/** One project for each place that the end-to-end tests run on; dense units run once, in the first. */
const swc = {
  jsc: {
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
    target: 'es2022',
  },
  module: { type: 'es6' },
  sourceMaps: 'inline',
};

const shared = {
  rootDir: import.meta.dirname,
  testEnvironment: '<rootDir>/test/harness/environment.mjs',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    // Its ESM build imports JSON in a way that Jest complains of.
    '^libphonenumber-js$': '<rootDir>/node_modules/libphonenumber-js/index.cjs',
  },
  transform: {
    // light-my-request requires these two, which are ESM only (Node 20 under Jest cannot).
    '/node_modules/(cookie|content-disposition)/': [
      '@swc/jest',
      { jsc: { target: 'es2022' }, module: { type: 'commonjs' } },
    ],
    '^.+\\.ts$': ['@swc/jest', swc],
  },
  transformIgnorePatterns: ['/node_modules/(?!(cookie|content-disposition)/)'],
};

const projects = [
  {
    ...shared,
    displayName: 'sqlite',
    testMatch: ['test', 'src', 'sandbox/test'].flatMap((folder) =>
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
  // A test that fails before it stops its world would keep the run open for ever.
  forceExit: true,
  // Jest leaves one core to itself, which on two is half of them.
  maxWorkers: '100%',
  // A worker that has grown is replaced between two files.
  workerIdleMemoryLimit: '1GB',
  testTimeout: 30_000,
  reporters: ['default', '<rootDir>/scripts/test-reporter.mjs'],
};
