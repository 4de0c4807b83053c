import { existsSync } from 'node:fs';

/**
 * End-to-end tests that run once, on MariaDB and Redis where the run has both: what they test is the same wherever it is
 * stored. docs/decisions/076-tests-of-one-backend.md
 */
const ON_ONE_BACKEND = `
  avatars framed-callback http js-sdk openapi-examples other-host-name page-language picture-process push-sdks routes shop
  guide-app-authority guide-client guide-mini-program guide-node guide-partner-mini-program guide-scan-page
  partner-auth-js partner-browsers partner-conformance partner-consent-page partner-native-apps partner-openid-client
  partner-public-path partner-refusals signatures validate-token verify-elsewhere verify-files website-errors
  wechat-answers wechat-language wechat-takes-signatures wechat-text`
  .match(/\S+/g)
  .map((name) => `/test/e2e/${name}.e2e.ts`);

for (const file of ON_ONE_BACKEND) {
  if (!existsSync(`${import.meta.dirname}${file}`))
    throw new Error(`jest.config.mjs names ${file}, which does not exist`);
}

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
if (TEST_DATABASE_URL && TEST_REDIS_URL) {
  const paths = ON_ONE_BACKEND.map((file) => `${file.replaceAll('.', '\\.')}$`);
  projects[0].testPathIgnorePatterns = ['/node_modules/', ...paths];
}
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
