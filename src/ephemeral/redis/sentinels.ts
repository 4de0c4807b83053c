import { withTimeout } from '../../common/with-timeout.js';
import type { RedisConfig } from '../../config/app-config.js';
import { authenticate, connect, type RedisAddress } from './connection.js';
import { describe, handshakeFault, PermanentFault, NoAnswer, NotSent } from './faults.js';

/** Time for one sentinel to answer (ms). */
const SENTINEL_TIMEOUT_MS = 800;

/**
 * Asks all sentinels at once for the address of the primary, and returns the majority's answer. A sentinel
 * that is partitioned from the others may still name the old primary.
 * @throws PermanentFault if no sentinel can answer until the operator acts; otherwise NotSent
 */
export async function primaryBySentinels(config: RedisConfig): Promise<RedisAddress> {
  const majority = Math.floor(config.nodes.length / 2) + 1;
  const votes = new Map<string, { address: RedisAddress; count: number }>();
  const faults: Error[] = [];
  const asked = config.nodes.map(async (sentinel) => {
    try {
      const address = await ask(sentinel, config);
      const key = nodeName(address);
      const vote = votes.get(key) ?? { address, count: 0 };
      votes.set(key, { address, count: vote.count + 1 });
      return vote.count + 1 >= majority ? address : null;
    } catch (error) {
      faults.push(error instanceof Error ? error : new Error(describe(error)));
      return null;
    }
  });
  const agreed = await firstAgreement(asked);
  if (agreed) return agreed;
  const [most] = [...votes.values()].sort((one, other) => other.count - one.count);
  if (most) return most.address;
  const lasting = faults.every((fault) => fault instanceof PermanentFault);
  const [first] = faults;
  if (lasting && first) throw first;
  throw new NotSent(`no sentinel answers (${first ? describe(first) : 'none asked'})`);
}

/** @returns `null` if all have answered without a majority */
function firstAgreement(asked: readonly Promise<RedisAddress | null>[]): Promise<RedisAddress | null> {
  return new Promise((resolve) => {
    for (const each of asked) void each.then((address) => address && resolve(address));
    void Promise.all(asked).then(() => resolve(null));
  });
}

async function ask(sentinel: RedisAddress, config: RedisConfig): Promise<RedisAddress> {
  const redis = await connect(sentinel, config);
  try {
    const login = { user: config.sentinelUser, password: config.sentinelPassword };
    const [auth, reply] = await withTimeout(
      Promise.allSettled([
        authenticate(redis, login),
        redis.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', config.primaryName ?? ''),
      ]),
      SENTINEL_TIMEOUT_MS,
      () => new NoAnswer(),
    );
    if (reply.status === 'rejected') {
      const refused: unknown = auth.status === 'rejected' ? auth.reason : reply.reason;
      const fault = handshakeFault('SENTINEL', refused);
      throw fault instanceof PermanentFault ? ofSentinel(sentinel, fault) : fault;
    }
    const { value } = reply;
    if (!Array.isArray(value))
      throw new PermanentFault('the sentinels know no master of the name in REDIS_URL');
    return { host: String(value[0]), port: Number(value[1]) };
  } finally {
    redis.disconnect();
  }
}

function ofSentinel(sentinel: RedisAddress, { message }: PermanentFault): PermanentFault {
  const hint = message.includes('password') ? ': set sentinel-password in REDIS_URL' : '';
  return new PermanentFault(`of sentinel ${nodeName(sentinel)}: ${message}${hint}`);
}

/** The servers of REDIS_URL, for messages to the operator. */
export function deploymentName({ nodes, primaryName }: Pick<RedisConfig, 'nodes' | 'primaryName'>): string {
  const names = nodes.map(nodeName).join(',');
  return primaryName === null ? names : `${names} (sentinels of ${primaryName})`;
}

/** `host:port`, with IPv6 addresses in brackets. */
export function nodeName({ host, port }: RedisAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
