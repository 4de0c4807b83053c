import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AppError } from '../common/app-error.js';
import type { RequestFacts } from '../http/request-context.js';
import type { Logger } from './logger.js';
import type { PrometheusMetrics } from './prometheus-metrics.js';

/** Requests that meet no route have so many lines in a window (ms): a scanner fills no disk. */
const MAX_STRAY_LINES = 300;
const STRAY_WINDOW_MS = 60_000;

/**
 * One line in the log and one count for each request, however it ends. Of the address only the pattern of the route
 * is told: the rest may hold a code, a state or a ticket. Requests that meet no route are all counted, and have a line
 * up to 300 in a minute.
 */
export class RequestLog {
  private windowEndsAt = 0;
  private strayLines = 0;

  constructor(
    private readonly logger: Logger,
    private readonly metrics: PrometheusMetrics,
  ) {}

  /** The reply is out, or its client has left (`aborted`; `status` is null where none was sent). */
  ended(request: FastifyRequest, { raw, elapsedTime }: FastifyReply, facts: RequestFacts): void {
    const { id: requestId, method } = request;
    const route = request.routeOptions.url ?? null;
    const status = raw.headersSent ? raw.statusCode : null;
    this.metrics.request(method, route, status, elapsedTime / 1000);
    if (route === null && !this.takesStrayLine()) return;
    this.logger.info({
      requestId,
      method,
      route,
      status,
      ms: Math.round(elapsedTime * 10) / 10,
      userId: facts.userId,
      appId: facts.appId,
      code: facts.code,
      ...(raw.writableFinished ? {} : { aborted: true }),
    });
  }

  /** The address could not be read: no route, and none of Fastify's hooks. */
  unreadable({ id: requestId, method }: FastifyRequest, { code, status }: AppError): void {
    this.metrics.request(method, null, status, 0);
    if (this.takesStrayLine()) this.logger.info({ requestId, method, route: null, status, code });
  }

  /**
   * What came in is no HTTP.
   * @param fault Node's code: `HPE_INVALID_HEADER_TOKEN`; its message quotes what came
   */
  malformed(requestId: string, { code, status }: AppError, fault: string): void {
    this.metrics.request('none', null, status, 0);
    if (!this.takesStrayLine()) return;
    this.logger.info({ requestId, method: null, route: null, status, code, fault });
  }

  /** A connection broke, with a request under way or without: load balancers do that all the time to look. */
  broken(fault: string): void {
    this.logger.debug({ fault, msg: 'a connection broke' });
  }

  private takesStrayLine(): boolean {
    const now = performance.now();
    if (now >= this.windowEndsAt) {
      this.windowEndsAt = now + STRAY_WINDOW_MS;
      this.strayLines = 0;
    }
    if (++this.strayLines === MAX_STRAY_LINES + 1) {
      this.logger.warn({
        msg: 'many requests meet no route: for the rest of a minute they are counted in the metrics only',
      });
    }
    return this.strayLines <= MAX_STRAY_LINES;
  }
}
