import type { Person } from '../state/people.js';
import type { World } from '../state/world.js';
import { phoneInfo } from './phone.js';

/** The kinds of open data that the sandbox encrypts; `custom` is any data of the caller. */
export const KINDS = ['userInfo', 'phone', 'custom'] as const;
export type OpenDataKind = (typeof KINDS)[number];

/** Open data in two parts: `rawData` has the first, the ciphertext has both. */
export interface Payload {
  shown: Record<string, unknown>;
  hidden: Record<string, unknown>;
}

/**
 * A person's open data without its watermark (section 2.2). Gender and region are empty since 2021-10
 * (section 7.2); unionId is absent, never empty, where the app is not bound.
 */
export function payloadOf(
  kind: OpenDataKind,
  person: Person,
  world: World,
  from: { openId: string; avatarUrl: string },
): Payload {
  if (kind === 'custom') return { shown: {}, hidden: {} };
  if (kind === 'phone') {
    return {
      shown: {},
      hidden: phoneInfo(
        { number: person.phoneNumber, countryCode: person.countryCode },
        // The legacy payload has text, whatever the other way answers (section 2.2).
        false,
      ),
    };
  }
  const unionId = world.people.unionId(person);
  return {
    shown: {
      nickName: person.nickname,
      gender: 0,
      language: 'zh_CN',
      city: '',
      province: '',
      country: '',
      avatarUrl: from.avatarUrl,
    },
    hidden: { openId: from.openId, ...(unionId !== null && { unionId }) },
  };
}
