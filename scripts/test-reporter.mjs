/** Prints in its last lines on which database and store the tests ran. */
export default class RanOnReporter {
  onRunComplete(_contexts, results) {
    const { TEST_DATABASE_URL, TEST_REDIS_URL } = process.env;
    const second = [
      TEST_DATABASE_URL
        ? `${new URL(TEST_DATABASE_URL).protocol.slice(0, -1)} at ${new URL(TEST_DATABASE_URL).host}`
        : 'SQLite',
      TEST_REDIS_URL ? `Redis at ${new URL(TEST_REDIS_URL).host}` : 'memory',
    ].join(' and ');
    const also =
      TEST_DATABASE_URL || TEST_REDIS_URL
        ? `, and again on ${second}`
        : ' (set TEST_DATABASE_URL and TEST_REDIS_URL for MySQL/MariaDB and Redis)';
    process.stdout.write(`\nran on SQLite and memory${also}\n`);
    process.stdout.write(`${results.numPassedTests} passed, ${results.numFailedTests} failed\n`);
  }
}
