import type { Redis } from 'ioredis';
import type { RedisConfig } from '../../config/app-config.js';
import { authenticate } from './connection.js';
import { CLUSTER_NODE, handshakeFault, PermanentFault, replyCode, verdictOf } from './faults.js';
import { COUNT, REPLACE } from './scripts.js';

/** Facts from INFO, if the ACL allows the command. */
export interface ServerFacts {
  /** `null` if the server does not report it. */
  readonly evictionPolicy: string | null;
  readonly reportsMemory: boolean;
}

const PROBE_MS = 10_000;
/** The probability that one node of a three-node cluster owns all these keys is 1 in 6,561. */
const OTHER_KEYS = 8;

/**
 * The first commands on a connection: AUTH, SELECT, INFO, and each command of the store once, on a probe key.
 * A missing command or permission is thus found before the first login. A server that only cannot write at
 * the moment is accepted, for reads.
 * @param probeKey `null` for a cluster node without slots
 * @throws PermanentFault; the error reply of a server that is a replica or not up yet
 */
export async function handshake(
  redis: Redis,
  config: Pick<RedisConfig, 'mode' | 'user' | 'password' | 'database'>,
  probeKey: string | null,
  channel: string,
): Promise<ServerFacts> {
  const commands: [command: string, reply: Promise<unknown>][] = [];
  if (config.password !== null) commands.push(['AUTH', authenticate(redis, config)]);
  if (config.database !== 0) commands.push(['SELECT', redis.select(config.database)]);
  const info = redis.info();
  if (probeKey !== null) {
    commands.push(
      ['SET', redis.set(probeKey, '1', 'PX', PROBE_MS)],
      ['GET', redis.get(probeKey)],
      ['EVAL', redis.eval(REPLACE, 1, probeKey, '1', '2', PROBE_MS)],
      ['EVAL', redis.eval(COUNT, 1, probeKey, PROBE_MS)],
      ['GETDEL', redis.getdel(probeKey)],
      ['DEL', redis.del(probeKey)],
    );
  }
  // Detects a cluster where INFO is forbidden: a cluster node owns only part of these keys.
  for (let other = 0; config.mode !== 'cluster' && other < OTHER_KEYS; other++) {
    commands.push(['GET', redis.get(`${probeKey ?? ''}:${other}`)]);
  }
  commands.push(['PUBLISH', redis.publish(channel, '')]);
  const [facts, ...replies] = await Promise.allSettled([info, ...commands.map(([, reply]) => reply)]);
  const text = facts.status === 'fulfilled' ? facts.value : '';
  // Checked first, because a sentinel or a cluster node also refuses the other commands.
  if (/^(redis|server)_mode:sentinel/m.test(text)) throw new PermanentFault(SENTINEL);
  if (config.mode !== 'cluster' && /^cluster_enabled:1/m.test(text)) throw new PermanentFault(CLUSTER_NODE);
  replies.forEach((reply, index) => {
    if (reply.status === 'rejected') refuse(commands[index]?.[0] ?? '', reply.reason, config.mode);
  });
  return {
    evictionPolicy: /^maxmemory_policy:(\S+)/m.exec(text)?.[1] ?? null,
    reportsMemory: /^used_memory:/m.test(text),
  };
}

const SENTINEL = 'it is a sentinel: write redis+sentinel://host:port/master-name in REDIS_URL';

function refuse(command: string, error: unknown, mode: RedisConfig['mode']): void {
  // The server has no password although one is configured. redis-cli accepts this too.
  if (command === 'AUTH' && replyCode(error) === 'ERR') return;
  // The slot has just moved. The redirection is followed when a command is sent.
  if (mode === 'cluster' && ['MOVED', 'ASK'].includes(replyCode(error) ?? '')) return;
  const fault = handshakeFault(command, error);
  const verdict = verdictOf(error);
  if (!(fault instanceof PermanentFault) && verdict && verdict.renew !== 'now') return;
  throw fault;
}
