import type { Person, World } from '../../test/harness/world.js';

interface Options {
  readonly url: string;
  readonly method?: string;
  readonly data?: unknown;
  readonly header?: Readonly<Record<string, string>>;
  readonly success?: (result: object) => void;
  readonly fail?: (failure: object) => void;
  readonly complete?: (outcome: object) => void;
}

/** What a mini program finds as `wx`: the functions that a login calls, over the sandbox and a real network. */
export interface Wx {
  /** How often `wx.login` was called. */
  readonly logins: () => number;
  readonly api: Readonly<Record<string, unknown>>;
}

/** The phone of a person. */
export function createWx(world: World, person: Person): Wx {
  const storage = new Map<string, unknown>();
  let logins = 0;

  /** Calls back as WeChat does: never before the function has returned. */
  function answer(name: string, { success, fail, complete }: Options, work: () => Promise<object>): void {
    void work().then(
      (result) => {
        const outcome = { ...result, errMsg: `${name}:ok` };
        success?.(outcome);
        complete?.(outcome);
      },
      () => {
        const failure = { errMsg: `${name}:fail`, errno: 600001 };
        fail?.(failure);
        complete?.(failure);
      },
    );
  }

  const api = {
    login(options: Options) {
      logins++;
      answer('login', options, async () => ({ code: await world.wxLogin(person) }));
    },
    request(options: Options) {
      const { url, method = 'GET', data, header = {} } = options;
      const aborter = new AbortController();
      answer('request', options, async () => {
        const reply = await fetch(url, {
          method,
          headers: { 'content-type': 'application/json', ...header },
          body: method === 'GET' || data === undefined ? null : JSON.stringify(data),
          signal: aborter.signal,
        });
        const text = await reply.text();
        const isJson = reply.headers.get('content-type')?.includes('json') === true;
        return {
          statusCode: reply.status,
          header: Object.fromEntries(reply.headers),
          data: isJson ? (JSON.parse(text) as unknown) : text,
        };
      });
      return { abort: () => aborter.abort() };
    },
    getStorageSync: (key: string) => storage.get(key) ?? '',
    setStorageSync: (key: string, value: unknown) => storage.set(key, value),
    removeStorageSync: (key: string) => storage.delete(key),
  };
  return { logins: () => logins, api };
}
