import type { Redis } from 'ioredis';
import type { RedisAddress } from './connection.js';

/** The servers that hold the keys: one, the primary that sentinels know, or the nodes of a cluster. */
export interface RedisServers {
  /** How the first connection came out; `null`: it is usable. Never rejects. */
  readonly firstVerdict: Promise<Error | null>;

  /**
   * Sends a command to the server that has a key.
   * @param key whole, with its prefix
   * @throws what the connection throws
   */
  send<T>(key: string, command: (redis: Redis) => Promise<T>): Promise<T>;

  /**
   * Writes once on every server that holds keys.
   * @param ttl of what is written (ms)
   * @throws what the connections throw
   */
  probe(ttl: number): Promise<void>;

  /** What each of them says of its memory (INFO memory). */
  memoryInfo(): Promise<string[]>;

  /** A server that hears what is published. */
  locateListener(): Promise<RedisAddress>;

  /** Looks whether the servers are still the ones that should be used. Never rejects. */
  review(): Promise<void>;

  close(): void;
}
