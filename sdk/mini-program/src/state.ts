import type { User } from '../../shared/api.js';
import type { openRecord, State } from './record.js';
import type { Change } from './types.js';

declare const console: { error(error: unknown): void };

type Listener = (change: Change) => unknown;

/**
 * What is known in this run, and who wants to hear of changes.
 * @param cancelLogin ends a login that is under way
 */
export function createState([read, write, readOld]: ReturnType<typeof openRecord>, cancelLogin: () => void) {
  const listeners = new Set<Listener>();
  let state: State = read() || readOld() || { status: 'unknown' };
  let user: User | null = null;

  const now = (): State => state;
  const currentUser = (): User | null => user;

  /** What a guest did is told until every listener has taken it. */
  const tell = (to: Listener[], news?: User): void => {
    const { status, guest } = state;
    const notes = status === 'logged-in' && to[0] ? guest : undefined;
    if (notes) state = { ...state, guest: undefined };
    Promise.all(to.map(async (listener) => listener({ status, user: news, guest: notes }))).then(
      () => notes && write(state),
      (error: unknown) => {
        if (notes && state.status === status) set({ ...state, guest });
        console.error(error);
      },
    );
  };

  function set(next: State, news?: User, isRead?: boolean): void {
    const { status } = state;
    state = next;
    user = next.tokens ? news || user : null;
    if (!isRead) write(next);
    const isChanged = status !== next.status;
    if (isChanged && /out|guest/.test(next.status)) cancelLogin();
    if (news || isChanged) tell([...listeners], news);
  }

  /** Adopts what another instance has stored. */
  const reload = (): void => {
    const stored = read();
    if (stored) set(stored, undefined, true);
  };

  const onChange = (listener: Listener) => {
    listeners.add(listener);
    if (state.guest) tell([listener]);
    return () => void listeners.delete(listener);
  };

  return [now, set, reload, currentUser, onChange] as const;
}
