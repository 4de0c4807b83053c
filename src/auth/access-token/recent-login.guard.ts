import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { AppError } from '../../common/app-error.js';
import { Clock } from '../../common/clock.js';
import type { AuthenticatedState } from './access-token.js';

/** Changes to who can log in, and irreversible ones, need a recent login. */
const RECENT_MS = 10 * 60 * 1_000;

/** Admits sessions whose login is less than 10 minutes old. A refresh does not count as a login. */
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
