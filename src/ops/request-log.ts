import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AppError } from '../common/app-error.js';
import { FollowedStreams } from '../http/followed-streams.js';
import { requestContext, type RequestFacts } from '../http/request-context.js';
import { infoLines, type Logger } from './logger.js';
import type { PrometheusMetrics } from './prometheus-metrics.js';

/**
 * Limit of log lines for requests that meet no route per window (ms), so that a scanner cannot fill the disk.
 */
const MAX_UNROUTED_LINES = 300;
const UNROUTED_WINDOW_MS = 60_000;

/** What is logged about a request, in the order of the line. Fields that are `undefined` are left out. */
interface RequestLine {
  readonly requestId: string;
  readonly method: string;
  readonly route: string | null;
  readonly status: number | null;
  /** Known when the line is written, like `aborted`. */
  ms: number;
  readonly userId: RequestFacts['userId'];
  readonly appId: RequestFacts['appId'];
  readonly code: RequestFacts['code'];
  /** The client disconnected before the end of the reply. */
  aborted: true | undefined;
}

/**
 * Writes one log line and one metric per request, whatever its result. Only the route pattern of the URL is
 * logged: the rest may contain a code, a state or a ticket. Requests that meet no route, or nothing below one that
 * ends with `*`, are all counted, but only 300 a minute are logged.
 */
export class RequestLog extends FollowedStreams {
  private windowEndsAt = 0;
  private unroutedLines = 0;
  private readonly writeLine: (line: RequestLine) => void;

  constructor(
    private readonly logger: Logger,
    private readonly metrics: PrometheusMetrics,
  ) {
    super();
    this.writeLine = infoLines(logger);
  }

  /**
   * The reply was sent, or the client disconnected (`aborted`; `status` is null if nothing was sent).
   * @param route pattern of the route; `null` if none matches
   */
  finished(request: FastifyRequest, route: string | null, reply: FastifyReply, facts: RequestFacts): void {
    if (facts.outlivesReply) return;
    this.write(lineOf(request, route, reply, facts), reply.elapsedTime, !reply.raw.writableFinished);
  }

  override followed(request: FastifyRequest, reply: FastifyReply): (isAborted: boolean) => void {
    const facts = requestContext()?.facts ?? {};
    facts.outlivesReply = true;
    const line = lineOf(request, request.routeOptions.url ?? null, reply, facts);
    const startedAt = performance.now() - reply.elapsedTime;
    return (isAborted) => this.write(line, performance.now() - startedAt, isAborted);
  }

  /** The URL is invalid: there is no route, and Fastify's hooks did not run. */
  invalidUrl({ id: requestId, method }: FastifyRequest, { code, status }: AppError): void {
    this.metrics.request(method, null, status, 0);
    if (this.mayLogUnrouted()) this.logger.info({ requestId, method, route: null, status, code });
  }

  /**
   * The data was not valid HTTP.
   * @param fault Node's error code, for example `HPE_INVALID_HEADER_TOKEN`; its message would quote the data
   */
  invalidHttp(requestId: string, { code, status }: AppError, fault: string): void {
    this.metrics.request('none', null, status, 0);
    if (!this.mayLogUnrouted()) return;
    this.logger.info({ requestId, method: null, route: null, status, code, fault });
  }

  /**
   * A connection was closed early, with or without a request. Load balancers do this regularly as a check.
   */
  connectionClosed(fault: string): void {
    this.logger.debug({ fault, msg: 'a connection was closed early' });
  }

  private write(line: RequestLine, ms: number, isAborted: boolean): void {
    const { method, route, status } = line;
    this.metrics.request(method, route, status, ms / 1000);
    const isUnrouted = route === null || (status === 404 && route.endsWith('*'));
    if (isUnrouted && !this.mayLogUnrouted()) return;
    line.ms = Math.round(ms * 10) / 10;
    if (isAborted) line.aborted = true;
    this.writeLine(line);
  }

  private mayLogUnrouted(): boolean {
    const now = performance.now();
    if (now >= this.windowEndsAt) {
      this.windowEndsAt = now + UNROUTED_WINDOW_MS;
      this.unroutedLines = 0;
    }
    if (++this.unroutedLines === MAX_UNROUTED_LINES + 1) {
      this.logger.warn({
        msg: 'many requests meet no route: for the rest of a minute they are counted in the metrics only',
      });
    }
    return this.unroutedLines <= MAX_UNROUTED_LINES;
  }
}

function lineOf(
  request: FastifyRequest,
  route: string | null,
  { raw }: FastifyReply,
  facts: RequestFacts,
): RequestLine {
  return {
    requestId: request.id,
    method: request.method,
    route,
    status: raw.headersSent ? raw.statusCode : null,
    ms: 0,
    userId: facts.userId,
    appId: facts.appId,
    code: facts.code,
    aborted: undefined,
  };
}
