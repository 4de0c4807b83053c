import type { User } from '../../shared/api.js';
import type { Flights } from './flights.js';
import { attempt, type Host, toJson } from './platform.js';
import type { Change, GuestNotes, Status, TokenStorage } from './types.js';

declare const console: { error(error: unknown): void };

/** `renewAt`: when they are refreshed in advance (ms since the Unix epoch). */
export type Tokens = readonly [accessToken: string, refreshToken: string, renewAt?: number];

/** What is known. All but the user outlives a restart. */
export interface State {
  status: Status;
  tokens?: Tokens | null | undefined;
  /** A deletion of the account was sent. */
  leaving?: boolean | undefined;
  /** What a guest did, until it is told. */
  guest?: GuestNotes | null | undefined;
  user?: User | null | undefined;
}

interface OldTokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** Nothing of anybody. */
export const LOGGED_OUT: State = { status: 'logged-out', tokens: null, leaving: false, guest: null };

type Listener = (change: Change) => unknown;

/** Keys of the client that the guide used to print. */
const OLD_KEYS = ['tokens', 'loggedOut'];

/**
 * The state, in memory first and in storage second, and who wants to hear of changes. Nothing here throws.
 * @param key names the version of the format too: what a newer version has stored is left alone
 * @param flights of which a login is given up when somebody logs out
 */
export function createState(
  host: () => Host,
  storage: TokenStorage | null | undefined,
  key: string,
  flights: Flights,
) {
  const listeners = new Set<Listener>();
  const state: State = { status: 'unknown' };
  let seen: unknown;
  /** What is being told. */
  let told: unknown;

  const [get, put, remove] = ['get', 'set', 'remove'].map(
    (verb) =>
      (...words: unknown[]): unknown =>
        attempt(() =>
          storage === undefined
            ? host()[verb + 'StorageSync']!(...words)
            : (storage as Host | null)![verb + 'Item']!(...words),
        ),
  ) as [(key: string) => unknown, (key: string, value: unknown) => unknown, (key: string) => unknown];

  const write = (): void => {
    const text = attempt(() => toJson({ ...state, user: undefined }));
    put(key, text);
    // A full storage keeps the old value, whose refresh token is spent.
    if (get(key) !== text) remove(key);
    // What cannot be removed either is not adopted.
    seen = get(key);
  };

  /** What a guest did, while somebody can be told. */
  const news = (): GuestNotes | undefined =>
    (state.tokens && listeners.size && state.guest !== told && state.guest) || undefined;

  /** What a guest did stays until every listener has taken it, also over a restart meanwhile. */
  const tell = (user?: User): void => {
    const guest = news();
    told = guest || told;
    const change = { status: state.status, user, guest };
    Promise.all([...listeners].map(async (listener) => listener(change))).then(
      () => state.guest === guest && set({ guest: null }),
      (error: unknown) => {
        told = null;
        console.error(error);
      },
    );
  };

  const set = (changes: Partial<State>, isRead?: boolean): void => {
    const { status, user } = state;
    Object.assign(state, changes);
    // An answer that comes after a logout is about somebody who has gone.
    if (!state.tokens) state.user = null;
    if (!isRead) write();
    const known = (toJson(state.user) !== toJson(user) && state.user) || undefined;
    const isChanged = state.status !== status;
    if (isChanged && /out|guest/.test(state.status)) delete flights[key];
    if (known || isChanged) tell(known);
  };

  /** Goes on with what the client of the guide has stored. */
  const adoptOld = (): void => {
    const [tokens, loggedOut] = OLD_KEYS.map(get) as [OldTokens | undefined, unknown];
    // Other programs have a key `tokens` as well, but in another form.
    const isToken = /\.\d+\./.test(tokens?.refreshToken || '');
    if (isToken || loggedOut === true) {
      OLD_KEYS.map(remove);
      set(
        isToken ? { status: 'logged-in', tokens: [tokens!.accessToken, tokens!.refreshToken] } : LOGGED_OUT,
      );
    }
  };

  /** Adopts what another instance has stored, if it is a state. Where a part is of another kind, looking throws. */
  const reload = (): void => {
    const text = get(key);
    if (text && text !== seen)
      attempt(() => {
        const stored = JSON.parse((seen = text) as string) as State;
        const { tokens, guest } = stored;
        if (
          /^{"status":"[glu]/.test(text as string) &&
          (!tokens || tokens[1].trim()) &&
          (!guest || 'map' in guest.notes)
        )
          set({ user: null, ...stored }, true);
      });
    else if (!seen) adoptOld();
  };

  const onChange = (listener: Listener) => {
    listeners.add(listener);
    if (news()) tell();
    return () => listeners.delete(listener);
  };

  return [state, set, reload, onChange] as const;
}
