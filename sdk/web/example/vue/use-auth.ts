import { onMounted, onScopeDispose, shallowRef } from 'vue';
import type { AuthError, Change } from '@wechat-auth/web';
import { auth } from './auth.js';

let beginning: Promise<unknown> | undefined;

/** Ends a login that came back to this page, and finds out who is logged in: once for all components. */
const begin = (): Promise<unknown> => (beginning ??= auth.handleCallback().then(() => auth.getUser()));

/** The login of this page. While the status is `unknown`, show neither the user nor a login. */
export function useAuth() {
  const login = shallowRef<Change>({ status: auth.status, user: auth.user });
  const error = shallowRef<AuthError | null>(null);
  const fail = (reason: AuthError): void => {
    error.value = reason;
  };

  onScopeDispose(
    auth.onChange((change) => {
      login.value = change;
    }),
  );
  onMounted(() => {
    begin().catch(fail);
  });

  return { login, error, logIn: () => auth.loginWithRedirect().catch(fail), logOut: auth.logout };
}
