import { AuthError } from '../../shared/auth-error.js';
import type { createState } from './state.js';
import type { Auth } from './types.js';

/**
 * Deletes the account. While an answer may be missing, `leaving` stands in the state: if the session then turns out to
 * have ended, the account is gone, and nothing logs in.
 */
export async function leaveBy(
  [now, set]: ReturnType<typeof createState>,
  getUser: Auth['getUser'],
  logIn: () => Promise<unknown>,
  erase: () => Promise<unknown>,
): Promise<void> {
  try {
    for (let again = true; ; again = false) {
      // Only a session that is alive now can end by the deletion.
      if (!(await getUser())) throw new AuthError('LOGGED_OUT');
      set({ ...now(), leaving: true });
      try {
        await erase();
        break;
      } catch (error) {
        const { code, status } = error as AuthError;
        // A definite refusal.
        if (status && status < 500) set({ ...now(), leaving: false });
        if (!again || code !== 'REAUTHENTICATION_REQUIRED') throw error;
        await logIn();
      }
    }
  } catch (error) {
    if ((error as AuthError).code !== 'LOGGED_OUT' || !now().leaving) throw error;
  }
  set({ status: 'logged-out' });
}
