import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { AppError } from '../../common/app-error.js';
import { Clock } from '../../common/clock.js';
import type { AuthenticatedState } from './access-token.js';

/** What changes who may get in, or cannot be undone, needs somebody who has just logged in. */
const RECENT_MS = 10 * 60 * 1_000;

/** Lets in sessions whose login is younger than 10 minutes; a refresh does not make it younger. */
@Injectable()
export class RecentLoginGuard implements CanActivate {
  constructor(private readonly clock: Clock) {}

  /** @throws AppError REAUTHENTICATION_REQUIRED */
  canActivate(context: ExecutionContext): boolean {
    const { session } = context.switchToHttp().getRequest<AuthenticatedState>();
    if (!session || this.clock.now() - session.session.createdAt > RECENT_MS) {
      throw new AppError('REAUTHENTICATION_REQUIRED');
    }
    return true;
  }
}
