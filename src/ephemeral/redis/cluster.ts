import type { Redis } from 'ioredis';
import { withTimeout } from '../../common/with-timeout.js';
import type { RedisConfig } from '../../config/app-config.js';
import { keySlot, SLOTS } from './key-slot.js';
import type { OutageLog } from '../outage-log.js';
import {
  authenticate,
  COMMAND_TIMEOUT_MS,
  connect,
  type RedisAddress,
  RedisConnection,
} from './connection.js';
import {
  connectFault,
  describe,
  handshakeFault,
  PermanentFault,
  NoAnswer,
  NotSent,
  redirection,
  verdictOf,
} from './faults.js';
import { deploymentName, nodeName } from './sentinels.js';
import type { RedisServers } from './servers.js';

/** Pause before a retry of a command that was not executed (ms). */
const RETRY_PAUSE_MS = 100;
/** Time for one node to return the slot table (ms). */
const SLOTS_TIMEOUT_MS = 500;
/** After this many redirections of one command it fails. */
const MAX_REDIRECTIONS = 5;

/**
 * The primaries of a Redis Cluster. A key goes to the node that owns its slot, according to the slot table of
 * the nodes.
 */
export class RedisCluster implements RedisServers {
  /** Name of the owning node, by slot. */
  private slots: (string | undefined)[] = [];
  private readonly connections = new Map<string, RedisConnection>();
  private refreshing: Promise<void> | null = null;
  private isClosed = false;
  /** Why the last request for the slot table failed. */
  private fault: Error | null = null;
  readonly firstOutcome: Promise<Error | null>;

  /**
   * @param handshake called with a key that the node owns, `null` if it owns none
   * @param onMoved called when other nodes own the slots
   */
  constructor(
    private readonly config: RedisConfig,
    private readonly probePrefix: string,
    private readonly handshake: (redis: Redis, probeKey: string | null) => Promise<void>,
    private readonly onMoved: () => void,
    private readonly outage: OutageLog,
  ) {
    this.firstOutcome = this.firstRefresh();
  }

  async send<T>(key: string, command: (redis: Redis) => Promise<T>): Promise<T> {
    const until = performance.now() + COMMAND_TIMEOUT_MS;
    const slot = keySlot(key);
    let redirections = 0;
    let asked: string | null = null;
    for (;;) {
      try {
        const connection = this.connectionOf(asked ?? this.slots[slot]);
        if (asked === null) return await connection.sendOnce(command, until);
        return await connection.sendOnce((redis) => {
          // ASK: the slot is being migrated. ASKING and the command go out together.
          redis.asking().catch(() => undefined);
          return command(redis);
        }, until);
      } catch (error) {
        asked = null;
        const elsewhere = redirection(error);
        if (elsewhere && redirections++ < MAX_REDIRECTIONS) {
          const name = redirectedName(elsewhere.address, this.slots[slot]);
          if (elsewhere.ask) asked = name;
          else this.recordMove(slot, name);
          continue;
        }
        const isUnsent = error instanceof NotSent || verdictOf(error)?.retriable === true;
        if (!isUnsent || performance.now() + RETRY_PAUSE_MS >= until) throw error;
        await Promise.all([
          withTimeout(this.refresh(), SLOTS_TIMEOUT_MS, () => new NoAnswer()).catch(() => undefined),
          new Promise((resolve) => setTimeout(resolve, RETRY_PAUSE_MS)),
        ]);
        if (performance.now() >= until) throw error;
      }
    }
  }

  async probe(ttl: number): Promise<void> {
    await this.toEach(async (redis, key, connection) => {
      await redis.set(key, '1', 'PX', ttl);
      connection.writeSucceeded();
    });
  }

  memoryInfo(): Promise<string[]> {
    return this.toEach((redis) => redis.info('memory'));
  }

  /** In a cluster every node receives all published messages. */
  async locateListener(): Promise<RedisAddress> {
    await this.firstOutcome;
    const usable = [...this.connections.values()].filter((connection) => connection.isUsable);
    const server = usable[Math.floor(Math.random() * usable.length)]?.server;
    if (!server) throw this.fault ?? new NotSent('no node of the cluster can be reached');
    return server;
  }

  async review(): Promise<void> {
    await this.refresh().catch(() => undefined);
  }

  close(): void {
    this.isClosed = true;
    for (const connection of this.connections.values()) connection.close();
    this.connections.clear();
  }

  private async firstRefresh(): Promise<Error | null> {
    try {
      await this.refresh();
      const verdicts = await Promise.all([...this.connections.values()].map((each) => each.firstOutcome));
      return verdicts.find((verdict) => verdict instanceof PermanentFault) ?? verdicts.find(Boolean) ?? null;
    } catch (error) {
      return error instanceof Error ? error : new Error(describe(error));
    }
  }

  private async toEach<T>(
    command: (redis: Redis, key: string, connection: RedisConnection) => Promise<T>,
  ): Promise<T[]> {
    if (this.connections.size === 0) await this.refresh();
    return Promise.all(
      [...this.connections].map(([name, connection]) => {
        const key = this.probeKey(name);
        if (key === null) throw new NotSent('a node of the cluster has no slots');
        // Sent by key, so that a redirection is followed if the slot has moved.
        return this.send(key, (redis) => command(redis, key, connection));
      }),
    );
  }

  private recordMove(slot: number, name: string): void {
    this.slots[slot] = name;
    void this.refresh().catch(() => undefined);
  }

  private connectionOf(name: string | undefined): RedisConnection {
    if (name === undefined) throw new NotSent('no node of the cluster has the slot');
    if (this.isClosed) throw new NotSent('the store is closed');
    const known = this.connections.get(name);
    if (known) return known;
    const address = parseName(name);
    const connection = new RedisConnection(
      {
        name,
        login: this.config,
        locate: () => Promise.resolve(address),
        handshake: (redis) => this.handshake(redis, this.probeKey(name)),
      },
      this.outage,
    );
    this.connections.set(name, connection);
    return connection;
  }

  /** A key in one of the node's slots, according to the current slot table. */
  private probeKey(name: string): string | null {
    if (!this.slots.includes(name)) return null;
    for (let tag = 0; tag < SLOTS; tag++) {
      const key = `${this.probePrefix}:{${tag}}`;
      if (this.slots[keySlot(key)] === name) return key;
    }
    return null;
  }

  /** Requests the slot table. Concurrent callers share one request. */
  private refresh(): Promise<void> {
    this.refreshing ??= this.requestSlots().finally(() => {
      this.refreshing = null;
    });
    return this.refreshing;
  }

  private async requestSlots(): Promise<void> {
    const names = new Set([
      ...shuffled([...this.connections].filter(([, each]) => each.isUsable).map(([name]) => name)),
      ...shuffled(this.config.nodes.map(nodeName)),
      ...this.connections.keys(),
    ]);
    let fault: Error = new NotSent('no node of the cluster is named');
    for (const name of names) {
      try {
        this.useSlots(await this.slotsBy(name));
        this.fault = null;
        this.outage.recovered(this);
        return;
      } catch (error) {
        const found = connectFault(error);
        // A fault that the operator has to fix is more useful than a node that is down.
        if (!(fault instanceof PermanentFault)) fault = found;
        if (this.isClosed) throw fault;
      }
    }
    this.fault = fault;
    this.outage.report(this, `Redis at ${deploymentName(this.config)} cannot be used: ${describe(fault)}`);
    throw fault;
  }

  private async slotsBy(name: string): Promise<(string | undefined)[]> {
    const connection = this.connections.get(name);
    const until = performance.now() + SLOTS_TIMEOUT_MS;
    if (connection?.isUsable === true) {
      return slotTable(await connection.sendOnce((redis) => redis.cluster('SLOTS'), until), parseName(name));
    }
    const address = parseName(name);
    const redis = await connect(address, this.config);
    try {
      const words = Promise.allSettled([authenticate(redis, this.config), redis.cluster('SLOTS')]);
      const [auth, reply] = await withTimeout(words, SLOTS_TIMEOUT_MS, () => new NoAnswer());
      if (reply.status === 'fulfilled') return slotTable(reply.value, address);
      const refused: unknown = auth.status === 'rejected' ? auth.reason : reply.reason;
      if (/cluster support disabled/i.test(describe(refused))) throw new PermanentFault(NO_CLUSTER);
      throw handshakeFault('CLUSTER', refused);
    } finally {
      redis.disconnect();
    }
  }

  /** Connects to all primaries at once and closes the connections to former primaries. */
  private useSlots(slots: (string | undefined)[]): void {
    if (this.isClosed) return;
    const before = new Set(this.connections.keys());
    this.slots = slots;
    const primaries = new Set(slots.filter((name) => name !== undefined));
    for (const name of primaries) this.connectionOf(name);
    for (const name of before) {
      if (primaries.has(name)) continue;
      this.connections.get(name)?.close();
      this.connections.delete(name);
    }
    if (before.size > 0 && [...primaries].some((name) => !before.has(name))) this.onMoved();
  }
}

const NO_CLUSTER = 'it is no node of a cluster: write redis://host:port in REDIS_URL';

/**
 * Parses the reply of CLUSTER SLOTS: ranges, each with its primary first.
 * @param asked the node that answered; it may omit its own host
 * @throws NotSent if no slot has an owner
 */
function slotTable(reply: unknown, asked: RedisAddress): (string | undefined)[] {
  const table = new Array<string | undefined>(SLOTS).fill(undefined);
  for (const range of Array.isArray(reply) ? (reply as unknown[]) : []) {
    const [from, to, primary] = Array.isArray(range) ? (range as unknown[]) : [];
    if (!Array.isArray(primary)) continue;
    const [host, port] = primary as unknown[];
    if (host === '?') continue;
    const name = nodeName({
      host: typeof host === 'string' && host !== '' ? host : asked.host,
      port: Number(port),
    });
    table.fill(name, Number(from), Number(to) + 1);
  }
  if (table.every((name) => name === undefined))
    throw new NotSent('the cluster has given its slots to nobody');
  return table;
}

/** Parses `host:port` as the nodes write it. They write IPv6 without brackets. */
function parseName(name: string): RedisAddress {
  const colon = name.lastIndexOf(':');
  return { host: name.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port: Number(name.slice(colon + 1)) };
}

/** A node that does not know its own host omits it. The host of the node that was asked is used. */
function redirectedName(address: string, askedName: string | undefined): string {
  const { host, port } = parseName(address);
  return nodeName({ host: host === '' || host === '?' ? parseName(askedName ?? '').host : host, port });
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, order: Math.random() }))
    .sort((one, other) => one.order - other.order)
    .map(({ item }) => item);
}
