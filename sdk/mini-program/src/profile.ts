import type { AuthError } from '../../shared/auth-error.js';
import type { PhoneNumber, User } from '../../shared/api.js';
import { failed, judge, refusal } from './failures.js';
import { settle } from './platform.js';
import { dataOf } from './requests.js';
import type { Auth, ComponentEvent, EncryptedData } from './types.js';

const ME = '/v1/users/me';
const STALE = 'SESSION_KEY_STALE';

const detailOf = ({ detail }: ComponentEvent) => Object(detail) as Readonly<Record<string, unknown>>;
const isStale = (error: unknown): boolean => (error as AuthError).code === STALE;

/**
 * What people give by their own action, and data that WeChat encrypts (wechat-api.md 7.2, 7.4, 7.5).
 * @param heard takes the user as the service has it now
 * @param isFresh whether somebody had logged in before this call
 */
export function createProfile(
  { call, upload }: Pick<Auth, 'call' | 'upload'>,
  heard: (user: User) => void,
  logIn: () => Promise<unknown>,
  checkKey: () => Promise<unknown>,
): Pick<Auth, 'phoneNumber' | 'avatar' | 'nickname' | 'openData'> {
  let isRejected = false;
  const granted = (user: User) => {
    heard(user);
    return { status: 'granted', user } as const;
  };

  return {
    async phoneNumber(event) {
      const { code, encryptedData, iv, ...failure } = detailOf(event);
      if (!code && !encryptedData) return judge(failure, /refused|no/);
      try {
        const data = code ? { code } : { encryptedData, iv };
        const { user } = await call<PhoneNumber>('/v1/mini-program/phone-number', data);
        return { ...granted(user), phoneNumber: `${user.phoneNumber}` };
      } catch (error) {
        if (!isStale(error)) throw error;
        // What this tap has given stays unreadable. The next tap works.
        await logIn();
        throw failed(STALE, error, true);
      }
    },

    async avatar(event) {
      const { avatarUrl, ...failure } = detailOf(event) as { avatarUrl?: string };
      if (!avatarUrl) return judge(failure, /refused|not-decl|busy/);
      return granted(
        dataOf(await upload({ url: `${ME}/avatar`, filePath: avatarUrl, name: 'file' })) as User,
      );
    },

    async nickname(event) {
      const { value, pass, timeout } = detailOf(event);
      const { nickname = value } = Object(value) as { nickname?: unknown };
      const text = typeof nickname === 'string' ? nickname.trim() : '';
      isRejected = pass === false || !!timeout || (isRejected && !text && !pass);
      if (!text) return refusal(isRejected ? 'rejected' : 'empty');
      return granted(await call<User>(ME, { nickname: text }));
    },

    async openData<Data>(get: Parameters<Auth['openData']>[0]) {
      await checkKey();
      for (let again = true; ; again = false) {
        const { encryptedData, iv } = await settle<EncryptedData>(get).catch((failure: unknown) => {
          throw judge(failure, /refused|not-decl/).error;
        });
        try {
          return (await call<{ data: Data }>('/v1/mini-program/open-data', { encryptedData, iv })).data;
        } catch (error) {
          if (!again || !isStale(error)) throw error;
          // wx.login comes before the data call, not after it (wechat-api.md 1.1).
          await logIn();
        }
      }
    },
  };
}
