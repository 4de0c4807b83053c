import { connect, type Socket } from 'node:net';
import { createPool, type Pool, type PoolConnection, type PoolOptions } from 'mysql2';
import { StartFault } from '../../common/start-fault.js';
import { MysqlSession } from './session.js';

const sessions = new WeakMap<PoolConnection, MysqlSession>();

/** Returns the session state of a pooled connection. */
export function sessionOf(connection: PoolConnection): MysqlSession {
  const session = sessions.get(connection);
  if (!session) throw new Error('a connection whose session was never set up');
  return session;
}

/**
 * The driver that TypeORM uses: mysql2, with a pool that hands out a connection only after its session was
 * set up.
 */
export const mysqlDriver = {
  createPool(options: PoolOptions): Pool {
    const pool = createPool(options);
    const take = pool.getConnection.bind(pool);
    const takeReady: Pool['getConnection'] = (callback) => {
      take((error, connection) => {
        if (error && isWithoutTls(error) && fallBack(pool)) takeReady(callback);
        else if (error) callback(tlsFault(error) ?? error, connection);
        else if (sessions.has(connection)) callback(null, connection);
        else setUp(connection, callback);
      });
    };
    pool.getConnection = takeReady;
    return pool;
  },
};

function setUp(
  connection: PoolConnection,
  callback: (error: NodeJS.ErrnoException | null, connection: PoolConnection) => void,
): void {
  MysqlSession.begin(connection).then(
    (session) => {
      sessions.set(connection, session);
      callback(null, connection);
    },
    (error: unknown) => {
      connection.destroy();
      callback(error instanceof Error ? error : new Error(String(error)), connection);
    },
  );
}

/** TLS options for an `ssl-mode`. Each call returns a new object, because the driver modifies it. */
export function tlsOptions({
  mode,
  ca,
}: {
  readonly mode: 'disabled' | 'preferred' | 'required' | 'verify-ca' | 'verify-identity';
  readonly ca: string | null;
}) {
  if (mode === 'disabled') return undefined;
  return {
    ...(ca === null ? {} : { ca }),
    minVersion: 'TLSv1.2',
    rejectUnauthorized: mode === 'verify-ca' || mode === 'verify-identity',
    verifyIdentity: mode === 'verify-identity',
    // Our own flag. The driver ignores it.
    mayFallBack: mode === 'preferred',
  };
}

/** Opens the socket to the server. */
export function openSocket(host: string, port: number): Socket {
  const socket = connect({ host, port, noDelay: true, keepAlive: true });
  // Node checks the certificate against `_host` and sets it for host names only. Without it an IP address
  // would be checked as "localhost".
  return Object.assign(socket, { _host: host });
}

interface WithTls {
  config: { connectionConfig: { ssl: false | { mayFallBack?: boolean } } };
}

/**
 * With `preferred`, disables TLS if the server does not offer it. @returns whether the connection may be
 * retried
 */
function fallBack(pool: Pool): boolean {
  const { connectionConfig } = (pool as unknown as WithTls).config;
  if (connectionConfig.ssl === false) return false;
  if (!connectionConfig.ssl.mayFallBack) return false;
  connectionConfig.ssl = false;
  return true;
}

function isWithoutTls({ code }: NodeJS.ErrnoException): boolean {
  return code === 'HANDSHAKE_NO_SSL_SUPPORT' || code === 'HANDSHAKE_SSL_ERROR';
}

function tlsFault(error: NodeJS.ErrnoException): StartFault | null {
  if (error.code === 'HANDSHAKE_NO_SSL_SUPPORT') {
    return new StartFault('DATABASE_URL asks for TLS, which the database server does not offer.');
  }
  // The driver's code hides a network error, which may be temporary.
  if (error.code !== 'HANDSHAKE_SSL_ERROR' || error.syscall !== undefined) return null;
  return new StartFault(`TLS to the database server, as DATABASE_URL asks for it, failed: ${error.message}`);
}
