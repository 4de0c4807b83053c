/** The parts of an error that may be logged. */
export interface ErrorDescription {
  readonly name: string;
  readonly code?: string;
  readonly message?: string;
  /** Stack frames without the first line, which repeats the message. */
  readonly stack?: string;
}

/** Errors whose message quotes data: query parameters, a row, the parsed text. */
const ERRORS_WITH_DATA = new Set([
  'QueryFailedError',
  'SqliteError',
  'SyntaxError',
  'EntityNotFoundError',
  'AxiosError',
]);

/**
 * Describes an error without the data that it may quote: a duplicate-key message may contain a phone number.
 */
export function describeError(error: unknown): ErrorDescription {
  if (!(error instanceof Error)) return { name: typeof error };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const quotesData = ERRORS_WITH_DATA.has(error.name) || 'sql' in error || 'sqlMessage' in error;
  const stack = error.stack
    ?.split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n');
  return {
    name: error.name,
    ...(code === undefined ? {} : { code }),
    ...(quotesData ? {} : { message: error.message }),
    ...(stack ? { stack } : {}),
  };
}
