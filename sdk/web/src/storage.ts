/**
 * Three methods of Web Storage; they may return promises. They may throw, be full or forget: the login then lasts until a
 * reload.
 */
export interface TokenStorage {
  getItem(key: string): unknown;
  setItem(key: string, value: string): unknown;
  removeItem(key: string): unknown;
}

/** The result of something that may throw, such as reading `window.localStorage`; then `undefined`. */
export function quietly<Result>(work: () => Result): Result | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/** One value in a storage that is not relied on. */
export interface StoredValue {
  /** @returns `''` where there is none */
  read(): Promise<string>;
  write(value: string): Promise<void>;
  remove(): Promise<unknown>;
}

/**
 * @param option the site's choice; absent: session storage, `null`: none
 * @param key under which the value is kept
 */
export function storedValue(option: TokenStorage | null | undefined, key: string): StoredValue {
  let storage = option === undefined ? quietly(() => sessionStorage) : option;
  const attempt = async (work: (each: TokenStorage) => unknown): Promise<unknown> => {
    try {
      return storage && (await work(storage));
    } catch {
      return null;
    }
  };
  const read = async (): Promise<string> => {
    const value = await attempt((each) => each.getItem(key));
    return typeof value === 'string' ? value : '';
  };
  const remove = (): Promise<unknown> => attempt((each) => each.removeItem(key));
  return {
    read,
    remove,
    async write(value) {
      await attempt((each) => each.setItem(key, value));
      if ((await read()) === value) return;
      // It threw, is full, or forgets. A former value that it has kept would be taken for the present one.
      await remove();
      storage = null;
    },
  };
}
