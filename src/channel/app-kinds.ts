/** What people allow WeChat to share, and may withdraw one by one (wechat-api.md section 6.5). */
export type ConsentItem = 'nickname' | 'avatar' | 'phoneNumber';

/**
 * How much of an item goes when consent is withdrawn: what was copied from WeChat, or also what the person chose;
 * `null`: it stays.
 */
export type ConsentExtent = 'copied' | 'any' | null;

/** A kind of app that a company registers with WeChat. Each app has an AppID and an AppSecret. */
export interface AppKindEntry {
  /** Stored in `wechat_identities.app_kind` (20 characters at most), shown to clients as `appKind`. */
  readonly name: string;
  /** Environment variable that lists the apps of this kind: `appId:secret`, separated by commas. */
  readonly variable: string;
  /** What the documentation of the variable says, in English and Chinese. */
  readonly docs: { readonly en: string; readonly zh: string };
  /** Whether such an app has an access token of its own (wechat-api.md section 3). */
  readonly hasAccessToken: boolean;
  /** Whether a login gives a session_key (section 1.1). */
  readonly hasSessionKey: boolean;
  /** What the consent for such an app covers of what is stored about a person (section 6.5). */
  readonly consent: {
    /** Where all of it is withdrawn. */
    readonly covers: Readonly<Record<ConsentItem, ConsentExtent>>;
    /** Which items each value of `RevokeInfo` withdraws. A value that is not here withdraws all. */
    readonly withdrawals: Readonly<Record<string, readonly ConsentItem[]>>;
  };
  /** The app that the sandbox knows from the start; `null` where the sandbox does not simulate this kind. Not secret. */
  readonly sandboxApp: { readonly appId: string; readonly secret: string } | null;
}

/** Values of `RevokeInfo` that withdraw nothing of what is stored. */
function ofNothing(...values: string[]): Record<string, []> {
  return Object.fromEntries(values.map((value) => [value, []]));
}

const BUILT_IN = [
  {
    name: 'mini_program',
    variable: 'WECHAT_MINI_PROGRAMS',
    docs: {
      en: 'Your mini programs, as `appid:AppSecret`, separated by commas. The first one is the default of its kind. Production requires at least one app of any kind.',
      zh: '小程序，格式为 `appid:AppSecret`，多个用逗号分隔，第一个是同类应用的默认值。生产环境至少要有一个应用（任何类型）。',
    },
    hasAccessToken: true,
    hasSessionKey: true,
    // People choose nickname and picture through WeChat, and a phone number comes from there alone.
    consent: {
      covers: { nickname: 'any', avatar: 'any', phoneNumber: 'any' },
      withdrawals: {
        ...ofNothing('1', '2', '3', '4', '5', '7', '12', '13', '14', '15', '16', '18'),
        '6': ['nickname', 'avatar'],
        '8': ['phoneNumber'],
        '19': ['nickname'],
        '20': ['avatar'],
      },
    },
    sandboxApp: { appId: 'wx5a4db0c0de000001', secret: '5a4db0c0de0000000000000000000001' },
  },
  {
    name: 'website',
    variable: 'WECHAT_WEBSITES',
    docs: {
      en: 'Your website apps (网站应用) of the Open Platform, in the same form.',
      zh: '开放平台的网站应用，格式同上。',
    },
    hasAccessToken: false,
    hasSessionKey: false,
    consent: { covers: { nickname: 'copied', avatar: 'copied', phoneNumber: null }, withdrawals: {} },
    sandboxApp: { appId: 'wx5a4db0c0de000002', secret: '5a4db0c0de0000000000000000000002' },
  },
  {
    name: 'official_account',
    variable: 'WECHAT_OFFICIAL_ACCOUNTS',
    docs: {
      en: 'Your official accounts (服务号), in the same form.',
      zh: '公众号（服务号），格式同上。',
    },
    hasAccessToken: true,
    hasSessionKey: false,
    consent: {
      covers: { nickname: 'copied', avatar: 'copied', phoneNumber: null },
      withdrawals: {
        ...ofNothing('201', '202', '203', '204', '206', '207'),
        '205': ['nickname', 'avatar'],
      },
    },
    sandboxApp: { appId: 'wx5a4db0c0de000003', secret: '5a4db0c0de0000000000000000000003' },
  },
] as const satisfies readonly AppKindEntry[];

type BuiltIn = { readonly [Entry in (typeof BUILT_IN)[number] as Entry['name']]: Entry };

/**
 * All kinds by name. Code that adds one with `addAppKind` declares it to the compiler by declaration merging:
 * `declare module '…/app-kinds.js' { interface AppKinds { name: typeof ENTRY } }`.
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- open for declaration merging
export interface AppKinds extends BuiltIn {}

/** Name of a kind of app. */
export type AppKind = keyof AppKinds;

const entries = new Map<string, AppKindEntry>();
const names: AppKind[] = [];

/** Names of all kinds. The array is live: it grows with `addAppKind`, also after it was given to a decorator. */
export const APP_KINDS: readonly AppKind[] = names;

/**
 * Adds a kind. Call it before `loadConfig`.
 * @returns what removes it again, for tests
 * @throws Error where the name or the variable is taken
 */
export function addAppKind(entry: AppKindEntry): () => void {
  const isTaken = [...entries.values()].some(
    ({ name, variable }) => name === entry.name || variable === entry.variable,
  );
  if (isTaken) throw new Error(`the app kind ${entry.name} or its variable ${entry.variable} exists already`);
  entries.set(entry.name, entry);
  names.push(entry.name as AppKind);
  return () => {
    entries.delete(entry.name);
    names.splice(names.indexOf(entry.name as AppKind), 1);
  };
}

/** All kinds, in the order in which they were added. */
export function appKinds(): (AppKindEntry & { readonly name: AppKind })[] {
  return APP_KINDS.map((name) => ({ ...appKind(name), name }));
}

/** What is known of a kind. */
export function appKind(name: AppKind): AppKindEntry {
  const entry = entries.get(name);
  if (!entry) throw new Error(`the app kind ${name} is in no list`);
  return entry;
}

for (const entry of BUILT_IN) addAppKind(entry);
