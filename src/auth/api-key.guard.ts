import {
  applyDecorators,
  type CanActivate,
  createParamDecorator,
  type ExecutionContext,
  Injectable,
  SetMetadata,
  UseGuards,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ApiSecurity } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../common/app-error.js';
import { Public } from '../common/public.js';
import { secretsEqual } from '../common/secret.js';
import { type ApiKey, AppConfig } from '../config/app-config.js';
import type { Actor } from '../events/event-log.js';
import { RefusedKeys } from './refused-keys.js';

const ROLE = 'wechat-auth:api-key-role';

/** Where the guard leaves the name of the key. */
interface ApiKeyState {
  apiKey?: ApiKey;
}

/** Name of the scheme in the OpenAPI document. */
export const API_KEY_SCHEME = 'api-key';

/** A route for other programs of the operator: needs `X-Api-Key` with a service key or an admin key. */
export const ServiceKey = (): MethodDecorator & ClassDecorator => apiKeyOf('service');

/** A route for operators: needs `X-Api-Key` with an admin key. */
export const AdminKey = (): MethodDecorator & ClassDecorator => apiKeyOf('admin');

/** Who acts, for the events: the name of the key that let the request in. */
export const CurrentOperator = createParamDecorator((_: unknown, context: ExecutionContext): Actor => {
  const { apiKey } = context.switchToHttp().getRequest<ApiKeyState>();
  if (!apiKey) throw new Error('the route is not under an API key');
  return `${apiKey.role}:${apiKey.name}`;
});

/** Checks X-Api-Key. Admin keys may do what service keys may. A key that is refused is recorded. */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly config: AppConfig,
    private readonly refused: RefusedKeys,
  ) {}

  /** @throws AppError API_KEY_INVALID, RATE_LIMITED; FORBIDDEN for a service key on an operator's route */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const role = this.reflector.getAllAndOverride<ApiKey['role']>(ROLE, [
      context.getHandler(),
      context.getClass(),
    ]);
    const request = context.switchToHttp().getRequest<FastifyRequest & ApiKeyState>();
    const given = request.headers['x-api-key'];
    if (typeof given !== 'string') throw new AppError('API_KEY_INVALID');
    await this.refused.refuseGuessing(request, context.switchToHttp().getResponse<FastifyReply>());
    const key = this.find(given);
    if (!key) {
      await this.refused.record(request, null);
      throw new AppError('API_KEY_INVALID');
    }
    if (role === 'admin' && key.role !== 'admin') {
      await this.refused.record(request, key);
      throw new AppError('FORBIDDEN');
    }
    request.apiKey = key;
    return true;
  }

  /** Compares with every key, so that the time says nothing about which one was close. */
  private find(given: string): ApiKey | undefined {
    let found: ApiKey | undefined;
    for (const candidate of this.config.apiKeys) {
      if (secretsEqual(candidate.key, given)) found = candidate;
    }
    return found;
  }
}

function apiKeyOf(role: ApiKey['role']): MethodDecorator & ClassDecorator {
  return applyDecorators(
    Public(),
    SetMetadata(ROLE, role),
    UseGuards(ApiKeyGuard),
    ApiSecurity(API_KEY_SCHEME),
  );
}
