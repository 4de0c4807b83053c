import { AuthError, textOf } from '../../shared/auth-error.js';
import type { PhoneNumber, User } from '../../shared/api.js';
import { refusal } from './failures.js';
import { type Flights, single } from './flights.js';
import { type Host, settle } from './platform.js';
import { dataOf } from './requests.js';
import { ME, MINI_PROGRAM, rescue } from './session.js';
import type { State } from './state.js';
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
  state: State,
  set: (changes: Partial<State>) => void,
  logIn: () => Promise<unknown>,
  usable: () => Promise<unknown>,
) {
  let isRejected = false;

  /** @param work throws what WeChat gave to `fail`, or a code */
  const outcome = async <Words extends unknown[]>(
    work: (...words: Words) => Promise<Granted>,
    ...words: Words
  ): Promise<unknown> => {
    try {
      const granted = await work(...words);
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
      outcome(work, detail as never);

  /** Throws how a scope stands by WeChat's settings, unless it is granted now. */
  const look = async (api: string, scope: string, ask?: boolean): Promise<undefined> => {
    const known = (await invoke<Settings>(api)).authSetting?.[scope];
    if (known === false) throw 'REFUSED_BEFORE';
    if (!known) {
      if (!ask) throw 'NEVER_ASKED';
      await invoke('authorize', { scope });
    }
  };

  /** What is done where the session_key is stale: wx.login comes before the data call (wechat-api.md 1.1). */
  const renewed = <Reply>(reply: Promise<Reply>, again: (error: unknown) => Promise<Reply>): Promise<Reply> =>
    rescue(reply, /STALE/, (error) => logIn().then(() => again(error)));

  return {
    ensureScope: (scope, { ask = true } = {}) =>
      single(flights, `${scope}${ask}`, () => outcome(look, 'getSetting', scope, ask)),

    openSettings: (scope) => outcome(look, 'openSetting', scope),

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
      const { user } = await renewed(call<PhoneNumber>(MINI_PROGRAM + 'phone-number', detail), (error) => {
        // Only a tap brings new data.
        throw error;
      });
      return { user, phoneNumber: user.phoneNumber };
    }),

    avatar: handler(async (detail: { readonly avatarUrl?: string }) => {
      if (!detail.avatarUrl) throw detail;
      return {
        user: dataOf(
          await send('uploadFile', { url: ME + '/avatar', filePath: detail.avatarUrl, name: 'file' }),
        ) as User,
      };
    }),

    nickname: handler(async ({ value, pass }: Detail) => {
      const form = value as { readonly nickname?: unknown } | undefined;
      const text = textOf(form?.nickname || value)?.trim();
      isRejected = pass === false || (isRejected && !text && !pass);
      if (text) return { user: await call<User>(ME, { nickname: text }) };
      // `nicknamereview` brings no nickname: that comes by the event of the form or of the input.
      if (pass) return undefined;
      throw isRejected ? 'REJECTED' : 'EMPTY';
    }),

    async openData<Data>(get: Parameters<Auth['openData']>[0]): Promise<Data> {
      const getData = async (): Promise<{ data: Data }> =>
        call(
          MINI_PROGRAM + 'open-data',
          await settle<EncryptedData>(get).catch((failure: unknown) => {
            throw refusal(failure);
          }),
        );
      const before = state.tokens;
      await usable();
      // After a login the session_key is fresh.
      if (before) await invoke('checkSession').catch(logIn);
      return (await renewed(getData(), getData)).data;
    },
  } as Pick<
    Auth,
    'ensureScope' | 'openSettings' | 'ensurePrivacy' | 'phoneNumber' | 'avatar' | 'nickname' | 'openData'
  >;
}
