import { certificates } from './certificates.js';
import { parseUrl, percentDecoded, SettingFault } from './parsers.js';

/** A MySQL or MariaDB server, or a proxy in front of several. */
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

/** The database that holds the tables. */
export type DatabaseConfig = { readonly type: 'sqlite'; readonly path: string } | MysqlConfig;

const TLS_MODES = ['disabled', 'preferred', 'required', 'verify-ca', 'verify-identity'] as const;
const MYSQL_PORT = 3306;

/**
 * Parses `sqlite:path`, or `mysql://user:password@host:port/database` with `ssl-mode` and `ssl-ca`. User, password and
 * database are percent-decoded; an IPv6 host stands in brackets. The default of `ssl-mode` is `preferred` (TLS where the
 * server offers it), and with `ssl-ca` it is `verify-identity`.
 */
export function databaseUrl(value: string): { type: 'sqlite'; path: string } | Omit<MysqlConfig, 'pool'> {
  if (value.startsWith('sqlite:')) {
    const path = value.slice('sqlite:'.length);
    if (path === '') throw new SettingFault('must name a file after sqlite:');
    return { type: 'sqlite', path };
  }
  const url = parseUrl(value);
  const parts = [url?.username, url?.password, url?.hostname, url?.pathname.slice(1)].map((part) =>
    part === undefined ? undefined : percentDecoded(part),
  );
  const [user, password, host, database] = parts;
  if (!url || !['mysql:', 'mariadb:'].includes(url.protocol) || !host || !database || /[/#]/.test(database)) {
    throw new SettingFault('must be sqlite:path or mysql://user:password@host:3306/database');
  }
  if (url.hash !== '') throw new SettingFault('must have # in a password written as %23');
  return {
    type: 'mysql',
    host: host.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? MYSQL_PORT : Number(url.port),
    user: user ?? '',
    password: password ?? '',
    database,
    tls: databaseTls(url.searchParams),
  };
}

/** The modes are those of MySQL's own clients. */
function databaseTls(parameters: URLSearchParams): MysqlConfig['tls'] {
  const names = [...parameters.keys()];
  if (names.some((name) => !['ssl-mode', 'ssl-ca'].includes(name)) || new Set(names).size < names.length) {
    throw new SettingFault('takes the parameters ssl-mode and ssl-ca, each once, and no others');
  }
  const file = parameters.get('ssl-ca');
  const wanted = parameters.get('ssl-mode') ?? (file === null ? 'preferred' : 'verify-identity');
  const mode = TLS_MODES.find((known) => known === wanted);
  if (!mode) throw new SettingFault(`must have an ssl-mode of ${TLS_MODES.join(', ')}`);
  if (file === null) return { mode, ca: null };
  if (mode === 'disabled' || mode === 'preferred') {
    throw new SettingFault('must have ssl-mode verify-ca or verify-identity where ssl-ca is given');
  }
  // Like MySQL's clients: an authority that is named is checked.
  return { mode: mode === 'required' ? 'verify-ca' : mode, ca: certificates(file) };
}

/** Connections of one instance to its database. */
export function databasePool(value: string): number {
  const size = Number(value);
  if (!/^\d{1,4}$/.test(value) || size < 1 || size > 1_000) {
    throw new SettingFault('must be a number of connections, 1 to 1000');
  }
  return size;
}
