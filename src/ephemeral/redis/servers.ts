import type { Redis } from 'ioredis';
import type { RedisAddress } from './connection.js';

/**
 * The servers that hold the keys: a single server, the primary that the sentinels name, or the nodes of a
 * cluster.
 */
export interface RedisServers {
  /** Outcome of the first connection attempt: `null` if it is usable. Never rejects. */
  readonly firstOutcome: Promise<Error | null>;

  /**
   * Sends a command to the server that owns a key.
   * @param key the complete key, including its prefix
   * @throws the errors of the connection
   */
  send<T>(key: string, command: (redis: Redis) => Promise<T>): Promise<T>;

  /**
   * Writes once on every server that holds keys.
   * @param ttl time to live of the probe key (ms)
   * @throws the errors of the connections
   */
  probe(ttl: number): Promise<void>;

  /** INFO memory of each server. */
  memoryInfo(): Promise<string[]>;

  /** Returns a server that receives the published messages. */
  locateListener(): Promise<RedisAddress>;

  /** Checks that the connected servers are still the right ones. Never rejects. */
  review(): Promise<void>;

  close(): void;
}
