import type { createState } from './state.js';
import type { State } from './record.js';
import type { Guest } from './types.js';

const MAX_NOTES = 50;

/** Random enough to tell guests apart; it is no secret. */
const randomId = (): string => `${Math.random()}${Math.random()}`.replace(/0\./g, '');

/** Guest mode. @param quit ends the session */
export function becomeGuest(
  [now, set]: ReturnType<typeof createState>,
  quit: (state: State) => unknown,
): Guest {
  const { id, notes } = now().guest || { id: randomId(), notes: [] };
  quit({ status: 'guest', guest: { id, notes } });
  return {
    id,
    note(entry) {
      const { status, guest } = now();
      if (guest && status === 'guest')
        set({ status, guest: { id, notes: [...guest.notes, entry].slice(-MAX_NOTES) } });
    },
  };
}
