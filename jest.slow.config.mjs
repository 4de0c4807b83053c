import config from './jest.config.mjs';

/** Tests that take minutes: on private servers that they start themselves, one file at a time. */
const [project] = config.projects;
const { TEST_DATABASE_URL, TEST_REDIS_URL } = process.env;

export default {
  ...project,
  displayName: 'slow',
  testMatch: ['<rootDir>/test/slow/**/*.slow.ts'],
  globals: { backend: { databaseUrl: TEST_DATABASE_URL ?? null, redisUrl: TEST_REDIS_URL ?? null } },
  testTimeout: 600_000,
  maxWorkers: 1,
  forceExit: true,
};
