import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { AppError } from '../../common/app-error.js';
import { Clock } from '../../common/clock.js';
import type { AuthenticatedState } from './access-token.js';

/** Changes to who can log in, and irreversible ones, need a recent login. */
const RECENT_MS = 10 * 60 * 1_000;

/**
 * Admits sessions whose login at WeChat is less than 10 minutes old. Neither a refresh nor the tap of a known
 * person on the login page counts as a login.
 */
@Injectable()
export class RecentLoginGuard implements CanActivate {
  constructor(private readonly clock: Clock) {}

  /** @throws AppError REAUTHENTICATION_REQUIRED */
  canActivate(context: ExecutionContext): boolean {
    const { session } = context.switchToHttp().getRequest<AuthenticatedState>();
    const loginAt = session && (session.session.authenticatedAt ?? session.session.createdAt);
    if (loginAt === undefined || this.clock.now() - loginAt > RECENT_MS) {
      throw new AppError('REAUTHENTICATION_REQUIRED');
    }
    return true;
  }
}
