import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Attempts } from '../attempt/attempts.js';
import type { AuthenticatedState } from '../auth/access-token/access-token.js';

/** Refuses a scan that cannot be confirmed, before the single-use code is exchanged. */
@Injectable()
export class DecidableScanGuard implements CanActivate {
  constructor(private readonly attempts: Attempts) {}

  /** @throws AppError SCAN_UNKNOWN, SCAN_TAKEN, SCAN_REQUIRED, SCAN_DECIDED */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest & AuthenticatedState>();
    const { ticket } = request.params as { ticket: string };
    await this.attempts.refuseUndecidable(ticket, request.session?.identity.id ?? '', 'confirmed');
    return true;
  }
}
