import { AuthError } from '../src/index.js';

/** What a promise rejects with; `undefined` where it resolves. */
export async function thrownBy(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** The code of what a promise rejects with; `null` where it resolves. */
export async function codeOf(promise: Promise<unknown>): Promise<string | null> {
  const error = await thrownBy(promise);
  if (error === undefined) return null;
  if (error instanceof AuthError) return error.code;
  throw new Error('no AuthError', { cause: error });
}
