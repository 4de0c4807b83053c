import type { AppKind } from '../channel/app-kinds.js';
import type { RouteQuotaName } from './quota-names.js';

/** Which version of a mini program a code opens (wechat-api.md section 1.5). */
export type MiniProgramVersion = 'release' | 'trial' | 'develop';

/** One app at WeChat, with the secret that speaks for it. */
export interface WeChatApp {
  readonly kind: AppKind;
  readonly appId: string;
  readonly secret: string;
}

/** A MySQL or MariaDB server, or a proxy before some. */
export interface MysqlConfig {
  readonly type: 'mysql';
  /** A name or an address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly tls: {
    /**
     * `preferred`: where the server offers it. `required`: always. `verify-ca`: also by an authority that counts.
     * `verify-identity`: also under the name of the host.
     */
    readonly mode: 'disabled' | 'preferred' | 'required' | 'verify-ca' | 'verify-identity';
    /** Authorities that count (PEM); `null`: those that Node brings. */
    readonly ca: string | null;
  };
  /** Connections of one instance. */
  readonly pool: number;
}

/** Where the tables stand. */
export type DatabaseConfig = { readonly type: 'sqlite'; readonly path: string } | MysqlConfig;

/** Where the short-lived state of several instances stands. */
export interface RedisConfig {
  /** One server; the primary that sentinels know; a cluster. */
  readonly mode: 'server' | 'sentinel' | 'cluster';
  /** The server, the sentinels, or some nodes of the cluster. IPv6 without brackets. */
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  /** What the sentinels call the primary; `null` in other modes. */
  readonly primaryName: string | null;
  readonly user: string | null;
  readonly password: string | null;
  /** What the sentinels themselves ask for. */
  readonly sentinelUser: string | null;
  readonly sentinelPassword: string | null;
  readonly database: number;
  /** `null`: without TLS. Certificates and names are checked, by these authorities (PEM) or, `null`, by Node's. */
  readonly tls: { readonly ca: string | null } | null;
  /** Begins every key and channel. */
  readonly prefix: string;
}

/** Where copies of avatars stand. */
export type AvatarStoreConfig =
  | { readonly type: 'disk'; readonly folder: string }
  | {
      readonly type: 's3';
      readonly bucket: string;
      /** `null`: Amazon's own, by region. */
      readonly endpoint: string | null;
      readonly region: string;
      /** Whether the bucket stands in the host name or in the path. */
      readonly style: 'virtual' | 'path';
      readonly accessKeyId: string;
      readonly secretAccessKey: string;
    };

/** A key that a program of the operator sends; its name stands in the events. */
export interface ApiKey {
  readonly role: 'admin' | 'service';
  readonly name: string;
  readonly key: string;
}

/**
 * All settings, read once from the environment, validated and frozen. Injected by this class.
 * Durations are in seconds.
 */
export abstract class AppConfig {
  abstract readonly nodeEnv: 'development' | 'test' | 'production';
  /** What the operator should hear at start, one line each, without values. */
  abstract readonly warnings: readonly string[];
  abstract readonly host: string;
  abstract readonly port: number;
  /** Origin and path under which clients see the service; no slash at its end. */
  abstract readonly publicUrl: string;
  abstract readonly database: DatabaseConfig;
  /** `null`: in memory, for one instance. */
  abstract readonly redis: RedisConfig | null;
  abstract readonly wechat: {
    /** All apps; the first of a kind is the default of its kind. */
    readonly apps: readonly WeChatApp[];
    /** What a scanned mini-program code opens; page `null`: the mini program's home page. */
    readonly scanPage: { readonly page: string | null; readonly envVersion: MiniProgramVersion };
    readonly apiUrl: string;
    readonly openUrl: string;
    /** Apps whose unionid may change (moved to another Open Platform account). */
    readonly acceptUnionIdChange: readonly string[];
    /** Files by which WeChat knows that a domain is ours, served at the root. */
    readonly verifyFiles: readonly { readonly name: string; readonly content: string }[];
    /** Message push; `null`: closed. With a key (32 bytes) only encrypted pushes are taken. */
    readonly push: { readonly token: string; readonly aesKey: Buffer | null } | null;
  };
  /** A forward proxy for calls to WeChat and for pictures; `except` are hosts that are called directly. */
  abstract readonly proxy: { readonly url: string; readonly except: readonly string[] } | null;
  abstract readonly sandbox: { readonly enabled: boolean; readonly host: string; readonly port: number };
  /** 32 bytes each; the first encrypts. */
  abstract readonly encryptionKeys: readonly Buffer[];
  abstract readonly jwt: { readonly issuer: string; readonly audience: string };
  abstract readonly ttl: {
    readonly accessToken: number;
    readonly session: number;
    readonly sessionIdle: number;
  };
  /** Live sessions of one identity. */
  abstract readonly maxSessions: number;
  /** `session-key`: a refresh also needs WeChat to say that the session_key is alive. */
  abstract readonly sessionPolicy: 'fixed' | 'session-key';
  /** How old encrypted open data may be, by its watermark. */
  abstract readonly openDataMaxAge: number;
  /** Keys of programs: `X-Api-Key`. */
  abstract readonly apiKeys: readonly ApiKey[];
  /** Lower-case name of the header that carries the access token. */
  abstract readonly tokenHeader: string;
  /** Origins or URL prefixes that a login may return to. */
  abstract readonly returnUrls: readonly string[];
  /** CIDRs of proxies whose X-Forwarded-For counts. */
  abstract readonly trustedProxies: readonly string[];
  abstract readonly avatarStore: AvatarStoreConfig;
  /** Where events go out to; `null`: nowhere. Each secret signs: a new one is added before an old one goes. */
  abstract readonly webhooks: {
    readonly urls: readonly string[];
    readonly secrets: readonly string[];
  } | null;
  /** How long events are kept. */
  abstract readonly eventRetention: number;
  /** How long an instance that was told to stop goes on accepting. */
  abstract readonly shutdownDelay: number;
  abstract readonly docs: boolean;
  abstract readonly logLevel: string;
  /** Limits per address and per app, off for load tests only; quotas of an address in a minute that differ. */
  abstract readonly rateLimits: {
    readonly on: boolean;
    readonly quotas: Readonly<Partial<Record<RouteQuotaName, number>>>;
  };
  /** Bearer token of /metrics; `null`: loopback alone may read them. */
  abstract readonly metricsToken: string | null;
  /** Name and logo on the pages; `null`: no logo. */
  abstract readonly brand: { readonly name: string; readonly logoUrl: string | null };
}
