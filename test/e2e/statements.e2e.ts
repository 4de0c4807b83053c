import { expect, test } from '@jest/globals';
import { describeStatements } from '../harness/statements.js';

declare const backend: { databaseUrl: string | null };

/** With a million people it takes minutes: `npm run test:slow`. */
const PEOPLE = 20_000;

if (backend.databaseUrl === null) {
  test('statements are judged where there is a database server', () => {
    expect(backend.databaseUrl).toBeNull();
  });
} else {
  describeStatements(PEOPLE);
}
