import config from './jest.config.mjs';

/** Tests of the pages in Chromium. */
const [project] = config.projects;

export default {
  ...project,
  displayName: 'browser',
  testMatch: ['<rootDir>/test/browser/**/*.browser.ts', '<rootDir>/sdk/*/test/**/*.browser.ts'],
  testTimeout: 60_000,
  maxWorkers: config.maxWorkers,
};
