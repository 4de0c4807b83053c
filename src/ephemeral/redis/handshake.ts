import type { Redis } from 'ioredis';
import type { RedisConfig } from '../../config/app-config.js';
import { authenticate } from './connection.js';
import { CLUSTER_NODE, handshakeFault, LastingFault, replyCode, verdictOf } from './faults.js';
import { COUNT, REPLACE } from './scripts.js';

/** What INFO says of a server, where its ACL lets us ask. */
export interface ServerFacts {
  /** `null` where nothing was said. */
  readonly evictionPolicy: string | null;
  readonly saysMemory: boolean;
}

const PROBE_MS = 10_000;
/** One node of three has all of so many keys once in 6,561 times. */
const OTHER_KEYS = 8;

/**
 * The first words on a connection: who is there, and once each command of the store, on a key of its own. What the
 * server lacks or forbids is known before the first login. A server that cannot write now is kept for reading.
 * @param probeKey `null`: a node of a cluster that has no slots
 * @throws LastingFault; the reply of a server that is a replica, or is not up
 */
export async function handshake(
  redis: Redis,
  config: Pick<RedisConfig, 'mode' | 'user' | 'password' | 'database'>,
  probeKey: string | null,
  channel: string,
): Promise<ServerFacts> {
  const words: [command: string, reply: Promise<unknown>][] = [];
  if (config.password !== null) words.push(['AUTH', authenticate(redis, config)]);
  if (config.database !== 0) words.push(['SELECT', redis.select(config.database)]);
  const info = redis.info();
  if (probeKey !== null) {
    words.push(
      ['SET', redis.set(probeKey, '1', 'PX', PROBE_MS)],
      ['GET', redis.get(probeKey)],
      ['EVAL', redis.eval(REPLACE, 1, probeKey, '1', '2', PROBE_MS)],
      ['EVAL', redis.eval(COUNT, 1, probeKey, PROBE_MS)],
      ['GETDEL', redis.getdel(probeKey)],
      ['DEL', redis.del(probeKey)],
    );
  }
  // Where INFO is forbidden: a node of a cluster has no more than its part of any keys.
  for (let other = 0; config.mode !== 'cluster' && other < OTHER_KEYS; other++) {
    words.push(['GET', redis.get(`${probeKey ?? ''}:${other}`)]);
  }
  words.push(['PUBLISH', redis.publish(channel, '')]);
  const [facts, ...replies] = await Promise.allSettled([info, ...words.map(([, reply]) => reply)]);
  const text = facts.status === 'fulfilled' ? facts.value : '';
  // Before the rest: a sentinel or a node of a cluster refuses commands for what it is.
  if (/^(redis|server)_mode:sentinel/m.test(text)) throw new LastingFault(SENTINEL);
  if (config.mode !== 'cluster' && /^cluster_enabled:1/m.test(text)) throw new LastingFault(CLUSTER_NODE);
  replies.forEach((reply, index) => {
    if (reply.status === 'rejected') refuse(words[index]?.[0] ?? '', reply.reason, config.mode);
  });
  return {
    evictionPolicy: /^maxmemory_policy:(\S+)/m.exec(text)?.[1] ?? null,
    saysMemory: /^used_memory:/m.test(text),
  };
}

const SENTINEL = 'it is a sentinel: write redis+sentinel://host:port/master-name in REDIS_URL';

function refuse(command: string, error: unknown, mode: RedisConfig['mode']): void {
  // No password is set, and one is given: redis-cli goes on, too.
  if (command === 'AUTH' && replyCode(error) === 'ERR') return;
  // A slot that has just moved: the cluster says where to when somebody asks for it.
  if (mode === 'cluster' && ['MOVED', 'ASK'].includes(replyCode(error) ?? '')) return;
  const fault = handshakeFault(command, error);
  const verdict = verdictOf(error);
  if (!(fault instanceof LastingFault) && verdict && verdict.renew !== 'now') return;
  throw fault;
}
