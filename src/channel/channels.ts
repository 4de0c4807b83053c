import { type AppKind, appKind } from './app-kinds.js';

/** A tab of the hosted login page. */
export interface AttemptTab {
  /** Tabs are in ascending order of this number. */
  readonly position: number;
  /** What the tab holds: WeChat's page in a frame (`wxLogin` of the attempt), or a picture (`qrImageUrl`). */
  readonly holds: 'frame' | 'picture';
  /** Whether the phone that shows the code can open it too, by a long press in WeChat. */
  readonly worksOnItsPhone: boolean;
  /** In the languages of the hosted pages. */
  readonly label: { readonly en: string; readonly 'zh-CN': string; readonly 'zh-Hant': string };
}

/** One way to log in: everything that other rooms have to know of it (docs/decisions/039-one-list-of-channels.md). */
export interface ChannelEntry {
  /** Name under which `@LoginBy` asks the strategy and `@Exchange` answers; stands in stored states too. */
  readonly name: string;
  /** Kind of the app by which people come in. */
  readonly appKind: AppKind;
  /** How its logins are counted: label of metrics, `channel` of refused logins. Two channels may share one. */
  readonly label: string;
  /** WeChat's OAuth 2.0 scope that its code was given for; `null` where codes have no scope, or there are none. */
  readonly scope: string | null;
  /** Whether a code shows who somebody is. Then a provider with `@Exchange(name)` must be there at start. */
  readonly hasExchange: boolean;
  /** For logins that go through a page of WeChat and come back to the callback; `null` for all others. */
  readonly callback: {
    /** Whether the callback may come in a frame of the website's page. */
    readonly mayBeFramed: boolean;
    /** WeChat asks the person for nothing and says the openid alone: only an existing account is logged in. */
    readonly isSilent: boolean;
    /** Channel by which the same login goes on after the person tapped our button; `null`: there is no such step. */
    readonly asksBy: string | null;
  } | null;
  /** What `POST attempts` offers of it; `null` where no screen waits for it. */
  readonly attempt: {
    /** Value of `method`. */
    readonly method: string;
    /** What the screen shows, for the OpenAPI document. */
    readonly shows: string;
    /** How long a person may take to scan, or to come back from WeChat's page. In seconds. */
    readonly lifetime: number;
    /** `null` where the hosted login page shows no tab of it. */
    readonly tab: AttemptTab | null;
  } | null;
  /**
   * Quotas of the routes where its logins come in, by name: requests in a minute per address, and per app where the
   * request may name one. A refused request counts as a refused login of this channel.
   */
  readonly quotas: Readonly<Record<string, { readonly perAddress: number; readonly perApp?: number }>>;
}

/** In this order they stand in lists; the first channel of an app kind is the default of its kind. */
const BUILT_IN = [
  {
    // A mini program sends a code of wx.login (wechat-api.md section 1.1).
    name: 'mini-program',
    appKind: 'mini_program',
    label: 'mini-program',
    scope: null,
    hasExchange: true,
    callback: null,
    attempt: null,
    quotas: { login: { perAddress: 3_000, perApp: 40_000 } },
  },
  {
    // WeChat's QR code of a website app (section 4).
    name: 'website',
    appKind: 'website',
    label: 'website',
    scope: 'snsapi_login',
    hasExchange: true,
    callback: { mayBeFramed: true, isSilent: false, asksBy: null },
    attempt: {
      method: 'website',
      shows: "WeChat's QR code of a website app",
      lifetime: 600,
      tab: {
        position: 2,
        holds: 'frame',
        worksOnItsPhone: false,
        label: { en: 'QR code', 'zh-CN': '二维码', 'zh-Hant': 'QR Code' },
      },
    },
    quotas: {
      authorize: { perAddress: 1_200, perApp: 40_000 },
      attempts: { perAddress: 1_200 },
      callback: { perAddress: 1_200 },
      redeem: { perAddress: 1_200 },
    },
  },
  {
    // A person confirms a website's login in the mini program. The code of wx.login goes to the channel `mini-program`.
    name: 'scan',
    appKind: 'mini_program',
    label: 'scan',
    scope: null,
    hasExchange: false,
    callback: null,
    attempt: {
      method: 'mini-program',
      shows: 'a mini-program code',
      lifetime: 300,
      tab: {
        position: 1,
        holds: 'picture',
        worksOnItsPhone: true,
        label: { en: 'Mini program', 'zh-CN': '小程序码', 'zh-Hant': '小程序碼' },
      },
    },
    quotas: {},
  },
  {
    // A page inside WeChat after the person tapped a button (section 5).
    name: 'in-wechat',
    appKind: 'official_account',
    label: 'in-wechat',
    scope: 'snsapi_userinfo',
    hasExchange: true,
    callback: { mayBeFramed: false, isSilent: false, asksBy: 'in-wechat' },
    attempt: { method: 'in-wechat', shows: "this page is inside WeChat's browser", lifetime: 600, tab: null },
    quotas: {},
  },
  {
    // The same page before anybody was asked (docs/decisions/022-in-wechat-asks-in-two-steps.md).
    name: 'in-wechat-silently',
    appKind: 'official_account',
    label: 'in-wechat',
    scope: 'snsapi_base',
    hasExchange: true,
    callback: { mayBeFramed: false, isSilent: true, asksBy: 'in-wechat' },
    attempt: null,
    quotas: {},
  },
  {
    // A mini program opens a website in its web view and gives it a ticket.
    name: 'web-view',
    appKind: 'mini_program',
    label: 'web-view',
    scope: null,
    hasExchange: false,
    callback: null,
    attempt: null,
    quotas: {},
  },
] as const satisfies readonly ChannelEntry[];

type BuiltIn = { readonly [Entry in (typeof BUILT_IN)[number] as Entry['name']]: Entry };

/**
 * All channels by name. Code that adds one with `addChannel` declares it to the compiler by declaration merging:
 * `declare module '…/channels.js' { interface Channels { name: typeof ENTRY } }`.
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- open for declaration merging
export interface Channels extends BuiltIn {}

type Known = Channels[keyof Channels];

/** Name of a channel. */
export type ChannelName = keyof Channels;

/** How logins are counted: label of metrics and `channel` of refused logins. */
export type ChannelLabel = Known['label'];

/** Value of `method` of an attempt. */
export type AttemptMethod = Extract<Known, { attempt: object }>['attempt']['method'];

/** Names of the quotas that channels bring. */
export type ChannelQuotaName = {
  [Name in ChannelName]: Extract<keyof Channels[Name]['quotas'], string>;
}[ChannelName];

/** An entry with the names that the compiler knows. */
export interface Channel extends ChannelEntry {
  readonly name: ChannelName;
  readonly label: ChannelLabel;
  readonly callback: (NonNullable<ChannelEntry['callback']> & { readonly asksBy: ChannelName | null }) | null;
  readonly attempt: (NonNullable<ChannelEntry['attempt']> & { readonly method: AttemptMethod }) | null;
  readonly quotas: Readonly<
    Partial<Record<ChannelQuotaName, { readonly perAddress: number; readonly perApp?: number }>>
  >;
}

const entries = new Map<string, Channel>();
const labels: ChannelLabel[] = [];
const methods: AttemptMethod[] = [];

/** All labels, each once. The array is live: it grows with `addChannel`. */
export const CHANNEL_LABELS: readonly ChannelLabel[] = labels;

/** All methods of attempts. The array is live: it grows with `addChannel`, also after it was given to a decorator. */
export const ATTEMPT_METHODS: readonly AttemptMethod[] = methods;

/**
 * Adds a channel. Call it before the module of its door is imported; the kind of its app must be in the list.
 * @returns what removes it again, for tests
 * @throws Error where its name, its attempt method or one of its quotas is taken
 */
export function addChannel(entry: ChannelEntry): () => void {
  appKind(entry.appKind);
  for (const known of entries.values()) {
    const isTaken =
      known.name === entry.name ||
      (entry.attempt !== null && known.attempt?.method === entry.attempt.method) ||
      Object.keys(entry.quotas).some((name) => name in known.quotas);
    if (isTaken) throw new Error(`the channel ${entry.name} takes a name that ${known.name} has`);
  }
  // The interface is what the compiler knows; the program knows what was added.
  const channel = entry as Channel;
  entries.set(channel.name, channel);
  refreshNames();
  return () => {
    entries.delete(entry.name);
    refreshNames();
  };
}

function refreshNames(): void {
  const all = channels();
  labels.splice(0, labels.length, ...new Set(all.map(({ label }) => label)));
  methods.splice(0, methods.length, ...all.flatMap(({ attempt }) => attempt?.method ?? []));
}

/** All channels, in the order in which they were added. */
export function channels(): Channel[] {
  return [...entries.values()];
}

/** What is known of a channel. */
export function channelOf(name: ChannelName): Channel {
  const entry = entries.get(name);
  if (!entry) throw new Error(`the channel ${name} is in no list`);
  return entry;
}

/** The channel under which people come in by an app of this kind, where a login says nothing else. */
export function defaultChannelOf(kind: AppKind): Channel {
  const channel = channels().find((each) => each.appKind === kind);
  if (!channel) throw new Error(`no channel has the app kind ${kind}`);
  return channel;
}

/** The channel whose logins an attempt with this method waits for. */
export function channelOfMethod(method: AttemptMethod): Channel & { readonly attempt: object } {
  const channel = channels().find((each) => each.attempt?.method === method);
  if (!channel?.attempt) throw new Error(`no channel has the attempt method ${method}`);
  return { ...channel, attempt: channel.attempt };
}

for (const entry of BUILT_IN) addChannel(entry);
