import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../common/app-error.js';
import { MAX_PARAMETERS } from './parameters.js';

/** Maximum length of a parameter name in an error message. */
const MAX_NAME_LENGTH = 64;

/**
 * Runs before everything that reads a query. Each parameter may occur once (RFC 6749 section 3.1), so no
 * handler gets an array instead of a string. The number of parameters is limited, because copying them needs
 * quadratic time.
 */
@Injectable()
export class QueryGuard implements CanActivate {
  /** @throws AppError VALIDATION_FAILED */
  canActivate(context: ExecutionContext): boolean {
    const { query } = context.switchToHttp().getRequest<FastifyRequest>();
    if (typeof query !== 'object' || query === null) return true;
    const entries = Object.entries(query);
    if (entries.length > MAX_PARAMETERS) refuse('', `there must be at most ${MAX_PARAMETERS} parameters`);
    for (const [name, value] of entries) {
      if (Array.isArray(value)) refuse(name.slice(0, MAX_NAME_LENGTH), 'must be given once');
    }
    return true;
  }
}

function refuse(field: string, message: string): never {
  throw new AppError('VALIDATION_FAILED', { errors: [{ field, message }] });
}
