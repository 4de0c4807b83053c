import type { User } from '../../shared/api.js';
import { type Flights, LOGIN } from './flights.js';
import { attempt, type Host } from './platform.js';
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
    put(key, (seen = attempt(() => JSON.stringify({ ...state, user: undefined }))));
    // A full storage keeps the old value, whose refresh token is spent.
    if (get(key) !== seen) remove(key);
  };

  /** What a guest did is told until every listener has taken it. */
  const tell = (to: Listener[], user?: User): void => {
    const guest = (state.tokens && to[0] && state.guest) || undefined;
    if (guest) state.guest = null;
    const change = { status: state.status, user, guest };
    Promise.all(to.map(async (listener) => listener(change))).then(
      () => guest && write(),
      (error: unknown) => {
        if (guest && state.tokens) set({ guest });
        console.error(error);
      },
    );
  };

  const set = (changes: Partial<State>, isRead?: boolean): void => {
    const { status, user } = state;
    Object.assign(state, changes);
    if (!isRead) write();
    const news = (state.user !== user && state.user) || undefined;
    const isChanged = state.status !== status;
    if (isChanged && /out|guest/.test(state.status)) delete flights[LOGIN];
    if (news || isChanged) tell([...listeners], news);
  };

  /** Goes on with what the client of the guide has stored. */
  const adoptOld = (): void => {
    const [tokens, loggedOut] = OLD_KEYS.map(get) as [OldTokens | undefined, unknown];
    // Other programs have a key `tokens` as well, but in another form.
    const isToken = /\.\d+\./.test(tokens?.refreshToken || '');
    if (isToken || loggedOut === true) {
      OLD_KEYS.map(remove);
      set({
        status: isToken ? 'logged-in' : 'logged-out',
        tokens: isToken ? [tokens!.accessToken, tokens!.refreshToken] : null,
      });
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
          /^{"status":"(unknown|logged-(in|out)|guest)"/.test(text as string) &&
          (!tokens || tokens[1].trim()) &&
          (!guest || 'map' in guest.notes)
        )
          set(stored, true);
      });
    else if (!seen) adoptOld();
  };

  const onChange = (listener: Listener) => {
    listeners.add(listener);
    if (state.guest && state.tokens) tell([listener]);
    return () => void listeners.delete(listener);
  };

  return [state, set, reload, onChange] as const;
}
