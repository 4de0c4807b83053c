import { useEffect, useState, useSyncExternalStore } from 'react';
import type { AuthError } from '@wechat-auth/web';
import { auth } from './auth.js';

let beginning: Promise<unknown> | undefined;

/**
 * Ends a login that came back to this page, and finds out who is logged in, also where that was refused: once for all
 * components.
 */
const begin = (): Promise<unknown> => (beginning ??= auth.handleCallback().finally(auth.getUser));

/** The login of this page. While the status is `unknown`, show neither the user nor a login. */
export function useAuth() {
  const status = useSyncExternalStore(
    auth.onChange,
    () => auth.status,
    () => 'unknown' as const,
  );
  const user = useSyncExternalStore(
    auth.onChange,
    () => auth.user,
    () => null,
  );
  const [error, setError] = useState<AuthError | null>(null);

  useEffect(() => {
    begin().catch(setError);
  }, []);

  return { status, user, error, logIn: () => auth.loginWithRedirect().catch(setError), logOut: auth.logout };
}
