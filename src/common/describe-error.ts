/** What of an error may stand in a log. */
export interface ErrorDescription {
  readonly name: string;
  readonly code?: string;
  readonly message?: string;
  /** Frames only: the first line of a stack is the message again. */
  readonly stack?: string;
}

/** Errors whose text quotes data: parameters of a query, a row, the text that was parsed. */
const QUOTING = new Set([
  'QueryFailedError',
  'SqliteError',
  'SyntaxError',
  'EntityNotFoundError',
  'AxiosError',
]);

/** An error without what it may quote: a phone number in a duplicate-key message is a phone number in the log. */
export function describeError(error: unknown): ErrorDescription {
  if (!(error instanceof Error)) return { name: typeof error };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const quoting = QUOTING.has(error.name) || 'sql' in error || 'sqlMessage' in error;
  const stack = error.stack
    ?.split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n');
  return {
    name: error.name,
    ...(code === undefined ? {} : { code }),
    ...(quoting ? {} : { message: error.message }),
    ...(stack ? { stack } : {}),
  };
}
