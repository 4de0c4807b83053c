import { attempt } from './platform.js';
import type { GuestNotes, Status, TokenStorage } from './types.js';

export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** When they are refreshed in advance (ms since the Unix epoch). */
  readonly renewAt?: number;
}

/** What outlives a restart. */
export interface State {
  readonly status: Status;
  readonly tokens?: Tokens | undefined;
  /** A deletion of the account was sent. */
  readonly leaving?: boolean;
  /** What a guest did, until it is told. */
  readonly guest?: GuestNotes | undefined;
}

const VERSION = 1;
/** Keys of the client that the guide used to print. */
const OLD_KEYS = ['tokens', 'loggedOut'];
/** Form of a refresh token of the service: other programs have a key `tokens` as well. */
const REFRESH_TOKEN = /^[\w-]+\.\d+\./;

/**
 * The state in storage, which other instances of this program may share. Nothing here throws.
 * @returns a reader, which gives the state only if others have changed it, and a writer
 */
export function openRecord(storage: TokenStorage | null, key: string) {
  let seen: unknown;
  let isForeign = false;
  const get = (name: string) => attempt(() => storage!.getItem(name));
  const remove = (name: string) => attempt(() => storage!.removeItem(name));

  const read = (): State | undefined => {
    const text = get(key);
    if (!text || text === seen) return undefined;
    seen = text;
    const { v, ...state } = Object(attempt(() => JSON.parse(text as string) as unknown)) as State & {
      v: number;
    };
    // A newer version of this package has its own format.
    isForeign = v > VERSION;
    return v === VERSION ? state : undefined;
  };
  const write = (state: State): void => {
    if (isForeign) return;
    attempt(() => storage!.setItem(key, (seen = JSON.stringify({ v: VERSION, ...state }))));
    // A full storage keeps the old value, whose refresh token is spent.
    if (get(key) !== seen) remove(key);
  };
  const readOld = (): State | undefined => {
    const [tokens, loggedOut] = OLD_KEYS.map(get) as [Tokens | undefined, unknown];
    const isToken = REFRESH_TOKEN.test((Object(tokens) as Tokens).refreshToken);
    if (!isToken && loggedOut !== true) return undefined;
    OLD_KEYS.map(remove);
    return isToken ? { status: 'logged-in', tokens } : { status: 'logged-out' };
  };
  return [read, write, readOld] as const;
}
