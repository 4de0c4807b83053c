import type { Adapter, Callbacks, Failure } from './types.js';

declare const wx: Adapter | undefined;
declare function setTimeout(run: (failure: Failure) => void, ms: number, failure?: Failure): unknown;
declare function clearTimeout(timer: unknown): void;

type Functions = Readonly<Record<string, (...words: unknown[]) => unknown>>;
type Promised = { readonly then?: (resolve: (value: unknown) => void, reject: unknown) => void } | undefined;

/** How much later than by the platform itself a call is given up (ms). */
const GRACE_MS = 2000;

export const sleep = (ms: number): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, ms));

/** @returns nothing where it throws */
export function attempt<Result>(run: () => Result): Result | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}

/** The platform is looked up at each call: `wx` does not exist where a program is only imported. */
export const hostOf = (adapter?: Adapter): Functions =>
  (adapter || (typeof wx === 'undefined' ? {} : wx)) as Functions;

/**
 * Runs a call in callback style as a promise. A promise that it returns counts too: that of Taro, and the
 * `[error, result]` of old versions of uni-app.
 * @param timeout for a platform that calls neither callback (ms)
 * @throws what the platform gave to `fail`
 */
export function settle<Result>(
  run: (callbacks: Callbacks<Result>) => unknown,
  timeout?: number,
): Promise<Result> {
  let timer: unknown;
  const promise = new Promise<Result>((success, fail) => {
    if (timeout) timer = setTimeout(fail, timeout + GRACE_MS, { errMsg: 'fail timeout' });
    const returned = run({ success, fail }) as Promised;
    if (returned && returned.then) {
      returned.then((value) => {
        const [failure, result] = (Array.isArray(value) ? value : [0, value]) as [unknown, Result];
        if (failure) fail(failure);
        // An async function that calls the callbacks resolves to nothing.
        else if (result) success(result);
      }, fail);
    }
  });
  const clear = (): void => clearTimeout(timer);
  promise.then(clear, clear);
  return promise;
}
