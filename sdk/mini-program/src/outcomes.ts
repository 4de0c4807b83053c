import { AuthError } from '../../shared/auth-error.js';
import type { PhoneNumber, User } from '../../shared/api.js';
import { failed, refusal } from './failures.js';
import { type Flights, single } from './flights.js';
import { type Host, settle } from './platform.js';
import { dataOf } from './requests.js';
import { ME, rescue } from './session.js';
import type { createState } from './state.js';
import type { Auth, ComponentEvent, EncryptedData, Response, UploadOptions } from './types.js';

type Detail = Readonly<Record<string, unknown>>;
type Granted = { readonly user: User } | undefined;

interface Settings {
  readonly authSetting?: Readonly<Record<string, boolean>>;
  readonly needAuthorization?: boolean;
}

/**
 * What a person may refuse (wechat-api.md 7.2 to 7.6), and data that WeChat encrypts.
 * @param flights callers at the same time share one prompt
 */
export function createOutcomes(
  host: () => Host,
  invoke: <Result>(name: string, options?: Detail) => Promise<Result>,
  flights: Flights,
  call: Auth['call'],
  send: (api: string, options: UploadOptions) => Promise<Response>,
  [state, set]: ReturnType<typeof createState>,
  logIn: () => Promise<unknown>,
  usable: () => Promise<unknown>,
) {
  let isRejected = false;

  /** @param work throws what WeChat gave to `fail`, or a code */
  const outcome = async (work: () => Promise<Granted>): Promise<unknown> => {
    try {
      const granted = await work();
      if (granted) set({ user: granted.user });
      return { ...granted, status: 'granted' };
    } catch (failure) {
      if (failure instanceof AuthError) throw failure;
      const error = refusal(failure);
      return { status: error.code.toLowerCase().replace('_', '-'), error };
    }
  };

  /** A handler of a component's event. */
  const handler =
    (work: (detail: never) => Promise<Granted>) =>
    ({ detail }: ComponentEvent): Promise<unknown> =>
      outcome(() => work(detail as never));

  /** How a scope stands by WeChat's settings. */
  const look = async (api: string, scope: string): Promise<undefined> => {
    const { authSetting = {} } = await invoke<Settings>(api);
    const known = authSetting[scope];
    if (!known) throw known === false ? 'REFUSED_BEFORE' : 'NEVER_ASKED';
  };

  /**
   * A route that decrypts. wx.login comes before the data call, not after it (wechat-api.md 1.1).
   * @param again gets the data again, after a login; without it a stale session_key is the end
   */
  const decrypt = <Data>(
    route: string,
    data: object,
    again?: (error: unknown) => Promise<Data>,
  ): Promise<Data> =>
    rescue(call<Data>(`/v1/mini-program/${route}`, data), again ? /STALE/ : /^$/, (error) =>
      logIn().then(() => again!(error)),
    );

  return {
    ensureScope: (scope, { ask = true } = {}) =>
      single(flights, `${scope}${ask}`, () =>
        outcome(() =>
          look('getSetting', scope).catch(async (failure: unknown) => {
            if (!ask || failure !== 'NEVER_ASKED') throw failure;
            await invoke('authorize', { scope });
            return undefined;
          }),
        ),
      ),

    openSettings: (scope) => outcome(() => look('openSetting', scope)),

    ensurePrivacy: () =>
      single(flights, 'privacy', () =>
        outcome(async () => {
          // Base libraries before 2.32.3 have no such function and require nothing.
          if (host().getPrivacySetting && (await invoke<Settings>('getPrivacySetting')).needAuthorization)
            await invoke('requirePrivacyAuthorize');
          return undefined;
        }),
      ),

    phoneNumber: handler(async (detail: Partial<EncryptedData> & { readonly code?: string }) => {
      if (!detail.code && !detail.encryptedData) throw detail;
      const { user } = await decrypt<PhoneNumber>('phone-number', detail, (error) => {
        // Only a tap brings new data.
        throw failed('SESSION_KEY_STALE', error);
      });
      return { user, phoneNumber: user.phoneNumber };
    }),

    avatar: handler(async (detail: { readonly avatarUrl?: string }) => {
      if (!detail.avatarUrl) throw detail;
      const file = { url: `${ME}/avatar`, filePath: detail.avatarUrl, name: 'file' };
      return { user: dataOf(await send('uploadFile', file)) as User };
    }),

    nickname: handler(async ({ value, pass }: Detail) => {
      const { nickname = value } = (value ?? {}) as { nickname?: unknown };
      const text = typeof nickname === 'string' ? nickname.trim() : '';
      isRejected = pass === false || (isRejected && !text && !pass);
      if (!text) throw isRejected ? 'REJECTED' : 'EMPTY';
      return { user: await call<User>(ME, { nickname: text }) };
    }),

    async openData<Data>(get: Parameters<Auth['openData']>[0]): Promise<Data> {
      const getData = async (again?: () => Promise<{ data: Data }>): Promise<{ data: Data }> =>
        decrypt(
          'open-data',
          await settle<EncryptedData>(get).catch((failure: unknown) => {
            throw refusal(failure);
          }),
          again,
        );
      const { tokens } = state;
      await usable();
      // After a login the session_key is fresh.
      if (tokens) await invoke('checkSession').catch(logIn);
      return (await getData(() => getData())).data;
    },
  } as Pick<
    Auth,
    'ensureScope' | 'openSettings' | 'ensurePrivacy' | 'phoneNumber' | 'avatar' | 'nickname' | 'openData'
  >;
}
