import { CHINA } from '../open-data/phone.js';
import { alphanumeric, openIdOf, phoneNumberOf, unionIdOf } from './ids.js';

/** The faces that an avatar can have; each is drawn in web/avatar.ts. */
export const FACES = ['cat', 'bear', 'rabbit', 'panda', 'fox', 'frog'] as const;
export type Face = (typeof FACES)[number];

/** A drawn avatar: a face on a background colour (`#rrggbb`). */
export interface Avatar {
  face: Face;
  colour: string;
}

/** Somebody with a WeChat account. */
export interface Person {
  id: string;
  nickname: string;
  avatar: Avatar;
  /** Changes with the picture: WeChat's avatar URL stops working then (section 4.7). */
  avatarVersion: number;
  /** URL of another picture; null: the sandbox's drawing; `''`: no picture. */
  avatarUrl: string | null;
  /** Whether the apps are bound to an Open Platform account for this person (section 1.1). */
  withUnionId: boolean;
  /** The unionid, shown if `withUnionId`. */
  unionId: string;
  /** openids that were set, by AppID; the others are derived from the id. */
  openIds: Record<string, string>;
  /** The number that WeChat knows, without country code (section 1.4). */
  phoneNumber: string;
  /** Its country code, digits without `+`. */
  countryCode: string;
  /** A risky account: 40226 in mini programs, 50002 elsewhere (section 10). */
  blocked: boolean;
  /** WeChat opens pages as snapshot pages for this person, also after a tap (section 5). */
  snapshotUser: boolean;
}

/** Fields of a new or changed person. A missing field is generated for a new person, and stays for a changed one. */
export type PersonDraft = Partial<Omit<Person, 'avatarVersion'>>;

/** Suggested background colours; others are allowed. */
export const COLOURS = ['#7cc6a4', '#f2b5a7', '#9db7e8', '#f4cf7b', '#c3a6e0', '#8fd0d9'];
const SAMPLES: PersonDraft[] = [
  {
    id: 'xiaoming',
    nickname: '小明',
    avatar: { face: 'panda', colour: '#7cc6a4' },
    withUnionId: true,
    phoneNumber: '13800138000',
  },
  {
    id: 'alice',
    nickname: 'Alice 🌸',
    avatar: { face: 'rabbit', colour: '#f2b5a7' },
    withUnionId: true,
    phoneNumber: '91234567',
    countryCode: '852',
  },
  {
    id: 'laowang',
    nickname: '老王',
    avatar: { face: 'bear', colour: '#9db7e8' },
    withUnionId: false,
    phoneNumber: '13900139000',
  },
];

/** All people. The ids of the samples are fixed, so their openids are the same after a restart. */
export class People {
  private readonly byId = new Map<string, Person>();

  constructor() {
    this.reset();
  }

  /** Leaves the sample people only. */
  reset(): void {
    this.byId.clear();
    for (const sample of SAMPLES) this.add(sample);
  }

  find(id: string): Person | undefined {
    return this.byId.get(id);
  }

  /** The samples, then the others, newest first. */
  all(): Person[] {
    return [...this.byId.values()];
  }

  add(draft: PersonDraft): Person {
    const id = draft.id ?? alphanumeric(10).toLowerCase();
    const index = this.byId.size;
    const person: Person = {
      id,
      nickname: draft.nickname ?? `微信用户${index + 1}`,
      avatar: draft.avatar ?? {
        face: FACES[index % FACES.length] ?? 'cat',
        colour: COLOURS[index % COLOURS.length] ?? '#7cc6a4',
      },
      avatarVersion: 1,
      avatarUrl: draft.avatarUrl ?? null,
      withUnionId: draft.withUnionId ?? draft.unionId !== undefined,
      unionId: draft.unionId ?? unionIdOf(id),
      openIds: { ...draft.openIds },
      phoneNumber: draft.phoneNumber ?? phoneNumberOf(id),
      countryCode: draft.countryCode ?? CHINA,
      blocked: draft.blocked ?? false,
      snapshotUser: draft.snapshotUser ?? false,
    };
    this.byId.set(id, person);
    return person;
  }

  /** Changes the given fields. A unionId also sets withUnionId; a phoneNumber without countryCode is Chinese. */
  change(person: Person, draft: PersonDraft): void {
    const { openIds, avatar, unionId, ...rest } = draft;
    if (unionId !== undefined) Object.assign(person, { unionId, withUnionId: true });
    if (rest.phoneNumber !== undefined) Object.assign(person, { countryCode: CHINA });
    if (avatar) Object.assign(person, { avatar, avatarVersion: person.avatarVersion + 1 });
    Object.assign(person.openIds, openIds);
    Object.assign(person, rest);
  }

  /** The person of an openid of an app. */
  byOpenId(openId: string | undefined, appId: string): Person | undefined {
    return this.all().find((person) => this.openId(person, appId) === openId);
  }

  /** The person's openid at an app: as set, else derived. */
  openId(person: Person, appId: string): string {
    return person.openIds[appId] ?? openIdOf(person.id, appId);
  }

  /** The person's unionid, or null if no app sees one. */
  unionId(person: Person): string | null {
    return person.withUnionId ? person.unionId : null;
  }
}
