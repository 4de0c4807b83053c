import { AuthError, createAuth } from '@wechat-auth/mini-program';
import { getLatestUserKey, openPayload, sealPayload, type UserKey } from '@wechat-auth/mini-program/user-key';
import type {
  Advice,
  Auth,
  AuthOptions,
  Change,
  ErrorCode,
  Guest,
  Login,
  ScopeOutcome,
  User,
} from '@wechat-auth/mini-program';

const platform: object = {};
const options: AuthOptions = {
  baseUrl: 'https://auth.example.com',
  appId: 'wx5a4db0c0de000001',
  adapter: platform,
};
const auth: Auth = createAuth(options);

export async function everyday(): Promise<string | null> {
  const login: Login = await auth.login();
  const user: User | null = await auth.getUser();
  const reply = await auth.request({
    url: 'https://shop.example.com/orders',
    method: 'POST',
    data: { book: 1 },
    success: ({ statusCode }) => statusCode.toFixed(),
  });
  await auth.upload({ url: '/v1/users/me/avatar', filePath: 'wxfile://tmp.png', name: 'file' });
  const stop: () => void = auth.onChange((change: Change) => change.status);
  stop();
  await auth.logout();
  return reply.statusCode === 200 ? (user?.nickname ?? login.user.id) : null;
}

export async function permissions(): Promise<string> {
  const outcome: ScopeOutcome = await auth.ensureScope('scope.userLocation');
  if (outcome.status !== 'granted') {
    const advice: Advice = outcome.error.advice;
    return outcome.status === 'refused-before'
      ? (await auth.openSettings('scope.userLocation')).status
      : advice.zh;
  }
  const phone = await auth.phoneNumber({ detail: {} });
  if (phone.status === 'granted') return phone.phoneNumber;
  if (phone.status === 'no-quota') return 'offer another way';
  const guest: Guest = auth.continueAsGuest();
  guest.note({ book: 1 });
  return guest.id;
}

export function codeOf(error: unknown): ErrorCode | string {
  if (!(error instanceof AuthError)) throw error;
  const code: string = error.code;
  return error.retryable ? `${code} ${String(error.requestId)}` : code;
}

export async function secrets(bytes: ArrayBuffer): Promise<string> {
  const key: UserKey = await getLatestUserKey();
  return (await sealPayload(bytes)) + (await openPayload(`1.${key.version}.x`));
}

// @ts-expect-error: the address of the service is missing
createAuth({});
// @ts-expect-error: no such status
export const never = (outcome: ScopeOutcome): boolean => outcome.status === 'allowed';
