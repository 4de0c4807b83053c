import {
  type ArgumentsHost,
  Catch,
  type ExceptionFilter,
  HttpException,
  Injectable,
  Logger,
  NotFoundException,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../common/app-error.js';
import { BEARER_CHALLENGE, PROBLEM_JSON, toProblem } from './problem.js';
import type { ErrorCode } from '../common/error-catalogue.js';
import { describeError } from '../common/describe-error.js';
import { LoginRefusals } from './login-refusals.js';
import { Metrics } from '../common/metrics.js';
import { noteInRequest, requestContext } from './request-context.js';
import { RouteTable } from './route-table.js';

/** Our codes for statuses that the framework answers by itself. */
const FRAMEWORK_CODES: Readonly<Record<number, ErrorCode>> = {
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  406: 'NOT_ACCEPTABLE',
  413: 'PAYLOAD_TOO_LARGE',
  414: 'URI_TOO_LONG',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  429: 'RATE_LIMITED',
  503: 'SHUTTING_DOWN',
};

/** Converts everything that is thrown, including the framework's errors, to problem+json (RFC 9457). */
@Catch()
@Injectable()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger(ProblemFilter.name);

  constructor(
    private readonly routes: RouteTable,
    private readonly metrics: Metrics,
    private readonly refusals: LoginRefusals,
  ) {}

  async catch(exception: unknown, host: ArgumentsHost): Promise<void> {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    await this.send(reply, await this.toAppError(exception, request), request);
  }

  /**
   * Converts a thrown value to an AppError. An unexpected error is logged and becomes INTERNAL_ERROR. A
   * failed login is counted and recorded.
   */
  async toAppError(exception: unknown, request: FastifyRequest): Promise<AppError> {
    const error = this.translate(exception, request);
    noteInRequest({ code: error.code });
    const channel = requestContext()?.facts.login;
    if (channel) this.metrics.login(channel, error.code);
    if (error.status >= 500) {
      const origin = exception instanceof AppError ? exception.cause : exception;
      this.logger.error({
        requestId: request.id,
        code: error.code,
        detail: error.operatorDetail,
        ...(origin === undefined ? {} : { error: describeError(origin) }),
      });
    }
    await this.refusals.refused(error);
    return error;
  }

  private translate(exception: unknown, request: FastifyRequest): AppError {
    if (exception instanceof AppError) return exception;
    if (exception instanceof NotFoundException) {
      return this.routes.methodsOf(request.url).length > 0
        ? new AppError('METHOD_NOT_ALLOWED')
        : new AppError('NOT_FOUND');
    }
    const status = statusOf(exception);
    if (status === 400) return new AppError(isAboutBody(request) ? 'MALFORMED_JSON' : 'BAD_REQUEST');
    const code = FRAMEWORK_CODES[status];
    if (code) return new AppError(code);
    return new AppError(status >= 400 && status < 500 ? 'BAD_REQUEST' : 'INTERNAL_ERROR', {
      cause: exception,
    });
  }

  private async send(reply: FastifyReply, error: AppError, request: FastifyRequest): Promise<void> {
    if (error.retryAfter !== undefined) void reply.header('Retry-After', String(error.retryAfter));
    if (error.code === 'METHOD_NOT_ALLOWED')
      void reply.header('Allow', this.routes.methodsOf(request.url).join(', '));
    if (error.status === 401) {
      const { challenge = BEARER_CHALLENGE } = requestContext()?.facts ?? {};
      void reply.header('WWW-Authenticate', challenge);
    }
    await reply
      .status(error.status)
      .header('Cache-Control', 'no-store')
      .type(PROBLEM_JSON)
      .send(toProblem(error, request.id, requestContext()?.facts.isOperator));
  }
}

function statusOf(exception: unknown): number {
  if (exception instanceof HttpException) return exception.getStatus();
  if (typeof exception === 'object' && exception !== null && 'statusCode' in exception) {
    return Number(exception.statusCode);
  }
  return 500;
}

function isAboutBody(request: FastifyRequest): boolean {
  return (request.headers['content-type'] ?? '').includes('json');
}
