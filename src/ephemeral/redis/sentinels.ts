import { inTime } from '../../common/in-time.js';
import type { RedisConfig } from '../../config/app-config.js';
import { authenticate, connect, type RedisAddress } from './connection.js';
import { describe, handshakeFault, LastingFault, NoAnswer, NotSent } from './faults.js';

/** For one sentinel to answer. */
const PATIENCE_MS = 800;

/**
 * Asks the sentinels where the primary is: all at once, and what most of them say counts. One that is cut off from the
 * others may still name the old primary.
 * @throws LastingFault where no sentinel can answer before the operator has mended something; else NotSent
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
  const lasting = faults.every((fault) => fault instanceof LastingFault);
  const [first] = faults;
  if (lasting && first) throw first;
  throw new NotSent(`no sentinel answers (${first ? describe(first) : 'none asked'})`);
}

/** @returns `null` once all have answered without a majority */
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
    const [auth, reply] = await inTime(
      Promise.allSettled([
        authenticate(redis, login),
        redis.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', config.primaryName ?? ''),
      ]),
      PATIENCE_MS,
      () => new NoAnswer(),
    );
    if (reply.status === 'rejected') {
      const refused: unknown = auth.status === 'rejected' ? auth.reason : reply.reason;
      const fault = handshakeFault('SENTINEL', refused);
      throw fault instanceof LastingFault ? ofSentinel(sentinel, fault) : fault;
    }
    const { value } = reply;
    if (!Array.isArray(value))
      throw new LastingFault('the sentinels know no master of the name in REDIS_URL');
    return { host: String(value[0]), port: Number(value[1]) };
  } finally {
    redis.disconnect();
  }
}

function ofSentinel(sentinel: RedisAddress, { message }: LastingFault): LastingFault {
  const hint = message.includes('password') ? ': set sentinel-password in REDIS_URL' : '';
  return new LastingFault(`of sentinel ${nodeName(sentinel)}: ${message}${hint}`);
}

/** What REDIS_URL leads to, in lines for the operator. */
export function deploymentName({ nodes, primaryName }: Pick<RedisConfig, 'nodes' | 'primaryName'>): string {
  const names = nodes.map(nodeName).join(',');
  return primaryName === null ? names : `${names} (sentinels of ${primaryName})`;
}

/** `host:port`, IPv6 in brackets. */
export function nodeName({ host, port }: RedisAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
