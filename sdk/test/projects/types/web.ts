import { AuthError, createAuth } from '@wechat-auth/web';
import type {
  Advice,
  Auth,
  AuthErrorDetails,
  AuthOptions,
  Change,
  EmbeddedOptions,
  ErrorCode,
  Language,
  Login,
  LoginIdentity,
  RedirectOptions,
  SdkErrorCode,
  Session,
  State,
  Status,
  Texts,
  TokenStorage,
  User,
} from '@wechat-auth/web';

const memory = new Map<string, string>();
const storage: TokenStorage = {
  getItem: (key) => Promise.resolve(memory.get(key)),
  setItem: (key, value) => void memory.set(key, value),
  removeItem: (key) => memory.delete(key),
};
const options: AuthOptions = { baseUrl: 'https://auth.example.com', storage, origins: [] };
const auth: Auth = createAuth(options);
export const others: Session[] = [
  createAuth({ baseUrl: '/auth', storage: localStorage }),
  createAuth({ baseUrl: '/auth', storage: null, appId: 'wx5a4db0c0de000001' }),
];

export async function everyday(button: HTMLElement): Promise<string> {
  const login: Login | null = await auth.handleCallback();
  const identity: LoginIdentity | undefined = login?.identity;
  const redirect: RedirectOptions = { page: 'wechat', returnTo: '/back' };
  button.onclick = () => auth.loginWithRedirect(redirect);
  const stop: () => void = auth.onChange(({ status, user, error }: Change) => [
    status,
    user?.id,
    error?.code,
  ]);
  stop();
  const status: Status = auth.status;
  const user: User | null = await auth.getUser();
  const token: string | null = await auth.getAccessToken();
  const reply: Response = await auth.fetch(new URL('https://api.example.com'), { method: 'DELETE' });
  await auth.logout();
  return [status, user?.nickname, token, reply.status, identity?.openId].join();
}

export async function embedded(place: Element, signal: AbortSignal, codeChallenge: string): Promise<string> {
  const texts: Partial<Texts> = { again: 'Once more' };
  const language: Language = 'en';
  const code: EmbeddedOptions = { method: 'mini-program', language, texts, signal };
  const { user }: Login = await auth.loginEmbedded(place, code);
  const { loginCode } = await auth.loginEmbedded(place, { method: 'website', codeChallenge });
  return user.id + loginCode;
}

export function judge(error: unknown): Advice | null {
  if (!(error instanceof AuthError)) throw error;
  const { requestId, retryAfter = 0 }: AuthErrorDetails = error;
  const mine: readonly SdkErrorCode[] = ['NETWORK_FAILED', 'NOT_IN_WECHAT'];
  const theirs: readonly ErrorCode[] = ['LOGIN_DENIED'];
  const isKnown = [...mine, ...theirs].some((code) => code === error.code);
  return isKnown && requestId && retryAfter < 60 ? error.advice : null;
}

export const isOver = (state: State): boolean => state === 'expired';

// @ts-expect-error: the address of the service is missing
createAuth({});
// @ts-expect-error: no such way to log in
void auth.loginEmbedded(document.body, { method: 'password' });
// @ts-expect-error: the back end redeems it
void auth.loginEmbedded(document.body, { method: 'website', codeChallenge: '' }).then(({ user }) => user);
