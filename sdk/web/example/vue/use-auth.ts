import { onMounted, onScopeDispose, shallowRef } from 'vue';
import type { AuthError, Change } from '@wechat-auth/web';
import { auth } from './auth.js';

let beginning: Promise<unknown> | undefined;

/**
 * Ends a login that came back to this page, and finds out who is logged in, also where that was refused: once for all
 * components.
 */
const begin = (): Promise<unknown> => (beginning ??= auth.handleCallback().finally(auth.getUser));

/** The login of this page. While the status is `unknown`, show neither the user nor a login. */
export function useAuth() {
  const login = shallowRef<Change>({ status: 'unknown', user: null });
  const error = shallowRef<AuthError | null>(null);
  const fail = (reason: AuthError): void => {
    error.value = reason;
  };

  // A page that is rendered on a server is never unmounted: it must not listen there.
  let stop = (): void => undefined;
  onMounted(() => {
    stop = auth.onChange((change) => {
      login.value = change;
    });
    login.value = { status: auth.status, user: auth.user };
    begin().catch(fail);
  });
  onScopeDispose(() => stop());

  return { login, error, logIn: () => auth.loginWithRedirect().catch(fail), logOut: auth.logout };
}
