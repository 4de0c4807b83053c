import { certificates } from './certificates.js';
import { percentDecoded, SettingFault } from './parsers.js';

/** The Redis that holds the short-lived state of several instances. */
export interface RedisConfig {
  /** One server; the primary that sentinels know; a cluster. */
  readonly mode: 'server' | 'sentinel' | 'cluster';
  /** The server, the sentinels, or some nodes of the cluster. IPv6 without brackets. */
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  /** The name under which the Sentinels know the primary; `null` in other modes. */
  readonly primaryName: string | null;
  readonly user: string | null;
  readonly password: string | null;
  /** The login of the Sentinels themselves; `null` where they need none. */
  readonly sentinelUser: string | null;
  readonly sentinelPassword: string | null;
  readonly database: number;
  /** `null`: without TLS. Certificates and names are checked, by these authorities (PEM) or, `null`, by Node's. */
  readonly tls: { readonly ca: string | null } | null;
  /** The beginning of every key and channel. */
  readonly prefix: string;
}

const URL_EXAMPLES =
  'must be redis://host:6379/0, redis+sentinel://host:26379,host:26379/master-name/0 or redis+cluster://host:6379,host:6379 (rediss for TLS)';
const URL_PATTERN =
  /^redis(?<tls>s)?(?:\+(?<mode>sentinel|cluster))?:\/\/(?:(?<login>[^@/?#]*)@)?(?<hosts>[^@/?#]+)(?:\/(?<path>[^?#]*))?(?:\?(?<query>[^#]*))?$/;
const HOST = /^(?:\[(?<v6>[0-9A-Fa-f:.]+)\]|(?<name>[A-Za-z0-9._-]+))(?::(?<port>\d{1,5}))?$/;
const DATABASE = /^\d{1,5}$/;
const MAX_HOSTS = 50;

/**
 * Parses REDIS_URL: one server, a primary behind Sentinels, or a Cluster. User, password, master name and parameters are
 * percent-decoded; IPv6 hosts stand in brackets. `user:password` is the login of the Redis servers, `sentinel-user` and
 * `sentinel-password` that of the Sentinels. `ssl-ca` names a PEM file of authorities for rediss.
 */
export function redisUrl(value: string): Omit<RedisConfig, 'prefix'> {
  const parts = URL_PATTERN.exec(value)?.groups;
  if (!parts) throw new SettingFault(URL_EXAMPLES);
  const mode = parts.mode === 'sentinel' || parts.mode === 'cluster' ? parts.mode : 'server';
  const nodes = (parts.hosts ?? '')
    .split(',')
    .map((host) => address(host, mode === 'sentinel' ? 26379 : 6379));
  if (nodes.length > MAX_HOSTS) throw new SettingFault(`must name at most ${MAX_HOSTS} hosts`);
  if (mode === 'server' && nodes.length > 1) throw new SettingFault(URL_EXAMPLES);
  const { user, password } = credentials(parts.login);
  return {
    mode,
    nodes,
    user,
    password,
    ...primaryAndDatabase(mode, parts.path ?? ''),
    ...parameters(mode, parts.tls !== undefined, new URLSearchParams(parts.query ?? '')),
  };
}

/** The beginning of every key and channel. Braces would put all keys of a Cluster on one node. */
export function redisPrefix(value: string): string {
  if (!/^[A-Za-z0-9:._-]{1,64}$/.test(value)) {
    throw new SettingFault('must be 1 to 64 letters, digits and :._-');
  }
  return value;
}

function address(text: string, defaultPort: number): RedisConfig['nodes'][number] {
  const { v6, name, port } = HOST.exec(text)?.groups ?? {};
  const host = v6 ?? name;
  const number = port === undefined ? defaultPort : Number(port);
  if (host === undefined || number < 1 || number > 65535) {
    throw new SettingFault('must name each host as host:port, IPv6 in brackets');
  }
  return { host, port: number };
}

function credentials(login: string | undefined): Pick<RedisConfig, 'user' | 'password'> {
  if (login === undefined) return { user: null, password: null };
  const [user = '', password, ...rest] = login.split(':');
  if (password === undefined || rest.length > 0 || password === '') {
    throw new SettingFault('must have user:password or :password before the @, percent-encoded');
  }
  return { user: user === '' ? null : percentDecoded(user), password: percentDecoded(password) };
}

function primaryAndDatabase(
  mode: RedisConfig['mode'],
  path: string,
): Pick<RedisConfig, 'primaryName' | 'database'> {
  const segments = path.replace(/\/$/, '').split('/');
  if (mode === 'sentinel') {
    const [name = '', database = '0', ...rest] = segments;
    if (name === '' || rest.length > 0 || !DATABASE.test(database)) {
      throw new SettingFault(
        'must have the name of the master after the sentinels, as in /mymaster or /mymaster/0',
      );
    }
    return { primaryName: percentDecoded(name), database: Number(database) };
  }
  const [database = '', ...rest] = segments;
  if (rest.length > 0 || !(database === '' || DATABASE.test(database))) {
    throw new SettingFault('must have the number of the database after the host, or nothing');
  }
  if (mode === 'cluster' && Number(database) !== 0) {
    throw new SettingFault('must name no database: a cluster has only number 0');
  }
  return { primaryName: null, database: Number(database) };
}

function parameters(
  mode: RedisConfig['mode'],
  tls: boolean,
  query: URLSearchParams,
): Pick<RedisConfig, 'sentinelUser' | 'sentinelPassword' | 'tls'> {
  const known = [
    ...(tls ? ['ssl-ca'] : []),
    ...(mode === 'sentinel' ? ['sentinel-user', 'sentinel-password'] : []),
  ];
  const names = [...query.keys()];
  if (names.some((name) => !known.includes(name)) || new Set(names).size < names.length) {
    throw new SettingFault(
      known.length === 0
        ? 'takes no parameters in this form'
        : `takes no parameters but ${known.join(', ')} in this form, each once`,
    );
  }
  const [sentinelUser, sentinelPassword] = [query.get('sentinel-user'), query.get('sentinel-password')];
  if (sentinelUser !== null && sentinelPassword === null) {
    throw new SettingFault('must have sentinel-password where it has sentinel-user');
  }
  const file = query.get('ssl-ca');
  return {
    sentinelUser,
    sentinelPassword,
    tls: tls ? { ca: file === null ? null : certificates(file) } : null,
  };
}
