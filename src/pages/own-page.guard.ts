import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../common/app-error.js';
import { AppConfig } from '../config/app-config.js';
import { isFromOtherPage } from './own-page.js';

/**
 * Admits requests of our own pages. Requests that change something need a secret of the page besides: not every
 * browser says which page sent a form.
 */
@Injectable()
export class OwnPageGuard implements CanActivate {
  private readonly origin: string;

  constructor({ publicUrl }: AppConfig) {
    this.origin = new URL(publicUrl).origin;
  }

  /** @throws AppError FORBIDDEN */
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (!isFromOtherPage(request, this.origin)) return true;
    throw new AppError('FORBIDDEN', { detail: 'Only a page of this service may send this request.' });
  }
}
