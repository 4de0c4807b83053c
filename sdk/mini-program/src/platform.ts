import type { Listeners } from './types.js';

declare function setTimeout(run: (failure: never) => void, ms: number, failure: string): unknown;
declare function clearTimeout(timer: unknown): void;

/** `wx`, `Taro` or `uni`: functions by name, of which some may be missing. */
export type Host = Readonly<Record<string, (...words: unknown[]) => unknown>>;
type Promised = { readonly then?: (resolve: (value: unknown) => void, reject: unknown) => void } | undefined;

/** How much later than by the platform itself a call is given up (ms). */
const GRACE_MS = 2000;

/** Every name of a global function costs its length. */
export const { stringify: toJson } = JSON;
export const nothing = (): void => undefined;

/** @returns nothing where it throws */
export function attempt<Result>(run: () => Result): Result | undefined {
  let result: Result | undefined;
  try {
    result = run();
  } catch {
    // Nothing then.
  }
  return result;
}

/**
 * Runs a call in callback style as a promise. A promise that it returns counts too: that of Taro, and the
 * `[error, result]` of old versions of uni-app.
 * @param timeout for a platform that calls neither callback (ms)
 * @throws what the platform gave to `fail`
 */
export function settle<Result>(
  run: (callbacks: Listeners<Result>) => unknown,
  timeout?: number,
): Promise<Result> {
  let timer: unknown;
  return new Promise<Result>((success, fail) => {
    if (timeout) timer = setTimeout(fail, timeout + GRACE_MS, 'timeout');
    const returned = run({ success, fail }) as Promised;
    returned?.then?.((value) => {
      const [failure, result] = ((value as unknown[] | undefined)?.map ? value : [0, value]) as [
        unknown,
        Result,
      ];
      if (failure) fail(failure);
      // An async function that calls the callbacks resolves to nothing.
      else if (result) success(result);
    }, fail);
  }).finally(() => clearTimeout(timer));
}
