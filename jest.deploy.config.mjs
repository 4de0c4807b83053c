import config from './jest.config.mjs';

/** Tests of what is in deploy/, with the programs that it is for; on MariaDB and Redis where the run has them. */
const [project] = config.projects;
const { TEST_DATABASE_URL, TEST_REDIS_URL } = process.env;

export default {
  ...project,
  displayName: 'deploy',
  testMatch: ['<rootDir>/test/deploy/**/*.deploy.ts'],
  globals: { backend: { databaseUrl: TEST_DATABASE_URL ?? null, redisUrl: TEST_REDIS_URL ?? null } },
  testTimeout: 60_000,
};
