import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { CHANNEL_LABELS, type ChannelLabel } from '../channel/channels.js';
import {
  type Backlog,
  Metrics,
  type Outcome,
  type PoolUse,
  type QueueName,
  type WeChatAnswer,
} from '../common/metrics.js';
import { PUSH_LABELS, type PushLabel, type PushOutcome } from '../common/push-labels.js';

/**
 * In seconds. A token check takes less than a millisecond, a login that waits for WeChat at most five
 * seconds.
 */
const REPLY_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const WECHAT_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3, 5];
/** WeChat documents a few hundred errcodes, but a server in its place could return any number. */
const MAX_ERRCODES = 200;

/** The metrics of one app instance, in its own registry: several instances may run in one process. */
export class PrometheusMetrics extends Metrics {
  private readonly registry = new Registry();
  private readonly registers = [this.registry];
  private readonly errcodes = new Set<number>();
  private readonly requestSeries = new Map<string, { observe(seconds: number): void }>();
  private readonly wechatSeries = new Map<string, { observe(seconds: number): void }>();
  private readWaiters = (): number => 0;
  private readPool = (): PoolUse => ({ inUse: 0, waiting: 0, size: 0 });
  private readonly backlogs = new Map<QueueName, () => Promise<Backlog>>();

  private readonly requests = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Requests by method, pattern of the route and status, from the first byte to the last of the reply.',
    labelNames: ['method', 'route', 'status'],
    buckets: REPLY_BUCKETS,
    registers: this.registers,
  });

  private readonly logins = new Counter({
    name: 'wechat_auth_logins_total',
    help: 'Logins by channel and outcome: success, or the code of the error.',
    labelNames: ['channel', 'outcome'],
    registers: this.registers,
  });

  private readonly refreshes = new Counter({
    name: 'wechat_auth_refreshes_total',
    help: 'Refreshes of a session by outcome: success, or the code of the error.',
    labelNames: ['outcome'],
    registers: this.registers,
  });

  private readonly pushes = new Counter({
    name: 'wechat_auth_pushes_total',
    help: 'Pushes of WeChat by event and outcome: acted, unhandled, what became of them at their receivers, or the code of the error.',
    labelNames: ['event', 'outcome'],
    registers: this.registers,
  });

  private readonly wechatCalls = new Histogram({
    name: 'wechat_auth_wechat_call_duration_seconds',
    help: 'Calls to WeChat by endpoint and errcode: 0 is success, else a number, bad-reply, timeout or unreachable.',
    labelNames: ['endpoint', 'errcode'],
    buckets: WECHAT_BUCKETS,
    registers: this.registers,
  });

  constructor() {
    super();
    // Start with 0: rate() does not see the first increment of a series that does not exist yet.
    for (const channel of CHANNEL_LABELS) this.logins.inc({ channel, outcome: 'success' }, 0);
    this.refreshes.inc({ outcome: 'success' }, 0);
    for (const event of PUSH_LABELS) this.pushes.inc({ event, outcome: 'unhandled' }, 0);
    this.gauge('wechat_auth_waiters', 'Browsers that wait for a scan at this instance.', () =>
      this.readWaiters(),
    );
    const pool = 'Connections to the database that';
    this.gauge('wechat_auth_database_connections_in_use', `${pool} work.`, () => this.readPool().inUse);
    this.gauge(
      'wechat_auth_database_connections_waiting',
      `${pool} are waited for.`,
      () => this.readPool().waiting,
    );
    this.gauge('wechat_auth_database_connections_max', `${pool} there may be.`, () => this.readPool().size);
    // Registered after the gauges of the pool, which would otherwise count the queries of these gauges.
    const items = 'Items of background work that';
    this.backlogGauge(
      'wechat_auth_queue_waiting',
      `${items} are not finished: due, in progress, or postponed after a failure. The same at every instance.`,
      ({ waiting }) => waiting,
    );
    this.backlogGauge(
      'wechat_auth_queue_due',
      `${items} are due and that no instance has begun. The same at every instance.`,
      ({ due }) => due,
    );
    this.backlogGauge(
      'wechat_auth_queue_oldest_due_seconds',
      'How long the oldest due item has been due; 0 if none is. The same at every instance.',
      ({ oldestSeconds }) => oldestSeconds,
    );
  }

  /** Starts to collect process metrics: CPU, memory, garbage collection, event loop. */
  watchProcess(): void {
    collectDefaultMetrics({ register: this.registry });
  }

  login(channel: ChannelLabel, outcome: Outcome): void {
    this.logins.inc({ channel, outcome });
  }

  refresh(outcome: Outcome): void {
    this.refreshes.inc({ outcome });
  }

  push(event: PushLabel, outcome: PushOutcome): void {
    this.pushes.inc({ event, outcome });
  }

  wechatCall(endpoint: string, answer: WeChatAnswer, seconds: number): void {
    const errcode = this.errcode(answer);
    const key = `${endpoint} ${errcode}`;
    let series = this.wechatSeries.get(key);
    if (!series) {
      series = this.wechatCalls.labels(endpoint, errcode);
      this.wechatSeries.set(key, series);
    }
    series.observe(seconds);
  }

  waiters(read: () => number): void {
    this.readWaiters = read;
  }

  pool(read: () => PoolUse): void {
    this.readPool = read;
  }

  backlog(queue: QueueName, read: () => Promise<Backlog>): void {
    this.backlogs.set(queue, read);
  }

  /**
   * Counts a finished request.
   * @param route pattern of the route; `null` if none matches
   * @param status `null` if the client disconnected before the reply
   */
  request(method: string, route: string | null, status: number | null, seconds: number): void {
    const key = `${method} ${route ?? ''} ${status ?? ''}`;
    let series = this.requestSeries.get(key);
    if (!series) {
      series = this.requests.labels(method, route ?? 'none', String(status ?? 'aborted'));
      this.requestSeries.set(key, series);
    }
    series.observe(seconds);
  }

  /** All metrics in the text format of Prometheus, with the media type. */
  async read(): Promise<{ readonly contentType: string; readonly text: string }> {
    return { contentType: this.registry.contentType, text: await this.registry.metrics() };
  }

  private gauge(name: string, help: string, read: () => number): void {
    const gauge: Gauge = new Gauge({
      name,
      help,
      registers: this.registers,
      collect: () => gauge.set(read()),
    });
  }

  private backlogGauge(name: string, help: string, value: (backlog: Backlog) => number): void {
    const gauge = new Gauge<'queue'>({
      name,
      help,
      labelNames: ['queue'],
      registers: this.registers,
      collect: async () => {
        const reads = [...this.backlogs].map(async ([queue, read]) => {
          const backlog = await read().catch(() => null);
          // The database is unavailable. No value is better than a stale one.
          if (backlog === null) gauge.remove({ queue });
          else gauge.set({ queue }, value(backlog));
        });
        await Promise.all(reads);
      },
    });
  }

  private errcode(answer: WeChatAnswer): string {
    if (typeof answer === 'string') return answer;
    if (this.errcodes.size < MAX_ERRCODES) this.errcodes.add(answer);
    return this.errcodes.has(answer) ? String(answer) : 'other';
  }
}
