import config from './jest.config.mjs';

/** Tests of the client packages as they are published: installed from their tarballs into projects. */
const [project] = config.projects;

export default {
  ...project,
  displayName: 'packages',
  testMatch: ['<rootDir>/sdk/test/**/*.packages.ts'],
  globalSetup: '<rootDir>/sdk/test/install.mjs',
  testTimeout: 60_000,
  maxWorkers: config.maxWorkers,
};
