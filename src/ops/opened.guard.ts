import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AppError } from '../common/app-error.js';
import { Database } from '../database/database.js';
import { WITHOUT_DATABASE } from './without-database.js';

/**
 * Answers all routes with 503 until the database is open. This includes routes that do not query it: without
 * signing keys the JWKS would be empty, and clients would cache it.
 */
@Injectable()
export class OpenedGuard implements CanActivate {
  constructor(
    private readonly database: Database,
    private readonly reflector: Reflector,
  ) {}

  /** @throws AppError DATABASE_UNAVAILABLE */
  canActivate(context: ExecutionContext): boolean {
    if (this.database.isOpen) return true;
    const targets = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(WITHOUT_DATABASE, targets)) return true;
    throw new AppError('DATABASE_UNAVAILABLE', {
      detail: 'The service is starting: its database is not there yet.',
    });
  }
}
