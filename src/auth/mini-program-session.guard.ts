import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { AuthenticatedState } from './access-token/access-token.js';
import { AppError } from '../common/app-error.js';

/** Admits only sessions that were opened in a mini program: only they have a session_key. */
@Injectable()
export class MiniProgramSessionGuard implements CanActivate {
  /** @throws AppError MINI_PROGRAM_SESSION_REQUIRED */
  canActivate(context: ExecutionContext): boolean {
    const { session } = context.switchToHttp().getRequest<AuthenticatedState>();
    if (session?.identity.appKind !== 'mini_program') throw new AppError('MINI_PROGRAM_SESSION_REQUIRED');
    return true;
  }
}
