import { type ArgumentsHost, Catch, type ExceptionFilter, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ProblemFilter } from '../http/problem.filter.js';
import { AppConfig } from '../config/app-config.js';
import { ErrorPage } from './error-page.js';

/** Answers errors of pages with an error page; with problem+json where the client accepts JSON and no HTML. */
@Catch()
@Injectable()
export class ErrorPageFilter implements ExceptionFilter {
  private readonly page: ErrorPage;

  constructor(
    private readonly problems: ProblemFilter,
    config: AppConfig,
  ) {
    this.page = new ErrorPage(config);
  }

  async catch(exception: unknown, host: ArgumentsHost): Promise<void> {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const accept = request.headers.accept ?? '';
    if (accept.includes('json') && !accept.includes('html')) {
      await this.problems.catch(exception, host);
      return;
    }
    const error = await this.problems.toAppError(exception, request);
    await this.page.send(reply, error);
  }
}
