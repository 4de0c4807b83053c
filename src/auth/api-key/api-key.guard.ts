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
import { AppError } from '../../common/app-error.js';
import { BASIC_CHALLENGE } from '../../http/problem.js';
import { Public } from '../../http/public.js';
import { RouteMetadata } from '../../http/route-metadata.js';
import { type GivenKey, noteInRequest, requestContext } from '../../http/request-context.js';
import { secretsEqual } from '../../crypto/secret.js';
import { type ApiKey, AppConfig } from '../../config/app-config.js';
import type { Actor } from '../../events/event-log.js';
import { clientCredentials } from './client-credentials.js';
import { RefusedKeys } from './refused-keys.js';

/** Metadata key of the role that a route requires. */
export const ROLE = 'wechat-auth:api-key-role';
const CLIENT = 'wechat-auth:api-key-as-client';

/** Request property in which the guard stores the API key. */
interface ApiKeyState {
  apiKey?: GivenKey;
}

/** Names of the security schemes in the OpenAPI document. */
export const API_KEY_SCHEME = 'api-key';
export const CLIENT_SCHEME = 'client';

/** A route for other services of the operator. It requires `X-Api-Key` with a service key or an admin key. */
export const ServiceKey = (): MethodDecorator & ClassDecorator => apiKeyOf('service');

/**
 * The same for OAuth routes (RFC 7662, RFC 7009). Their clients may also send name and key by HTTP Basic, or
 * as `client_id` and `client_secret` in the body.
 */
export const ServiceClient = (): MethodDecorator & ClassDecorator =>
  applyDecorators(apiKeyOf('service'), SetMetadata(CLIENT, true), ApiSecurity(CLIENT_SCHEME));

/** A route for operators. It requires `X-Api-Key` with an admin key. */
export const AdminKey = (): MethodDecorator & ClassDecorator => apiKeyOf('admin');

/** The actor for events: role and name of the API key of the request. */
export const CurrentOperator = createParamDecorator((_: unknown, context: ExecutionContext): Actor => {
  const { apiKey } = context.switchToHttp().getRequest<ApiKeyState>();
  if (!apiKey) throw new Error('@CurrentOperator requires an API key guard');
  return `${apiKey.role}:${apiKey.name}`;
});

/**
 * Checks the API key. Admin keys may do whatever service keys may. A valid key is accepted even while other
 * clients guess keys from the same address. A refused key is recorded and counted.
 */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  private readonly roles: RouteMetadata<ApiKey['role']>;
  private readonly clientRoutes: RouteMetadata<boolean>;

  constructor(
    reflector: Reflector,
    private readonly config: AppConfig,
    private readonly refused: RefusedKeys,
  ) {
    this.roles = new RouteMetadata(reflector, ROLE);
    this.clientRoutes = new RouteMetadata(reflector, CLIENT);
  }

  /**
   * @throws AppError API_KEY_INVALID, RATE_LIMITED; FORBIDDEN for a service key on an operator's route;
   * BAD_REQUEST for keys in two places
   */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest & ApiKeyState>();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    const clients = this.clientRoutes.of(context) ? this.clients(request) : null;
    // The header was checked when the request came in.
    const key = clients?.found ?? requestContext()?.apiKey ?? null;
    if (!key) {
      const isGiven = request.headers['x-api-key'] !== undefined || clients?.areGiven === true;
      if (!isGiven) throw new AppError('API_KEY_INVALID');
      return this.refuse(request, reply, null);
    }
    if (this.roles.of(context) === 'admin' && key.role !== 'admin') return this.refuse(request, reply, key);
    request.apiKey = key;
    noteInRequest({ isOperator: true });
    return true;
  }

  private async refuse(request: FastifyRequest, reply: FastifyReply, key: GivenKey | null): Promise<never> {
    await this.refused.refuse(request, reply, key);
    throw new AppError(key ? 'FORBIDDEN' : 'API_KEY_INVALID');
  }

  private clients(request: FastifyRequest): { areGiven: boolean; found: ApiKey | null } {
    noteInRequest({ challenge: BASIC_CHALLENGE });
    const given = clientCredentials(request);
    let found: ApiKey | null = null;
    // Compares with every key, so that the time does not reveal which one matched.
    for (const candidate of this.config.apiKeys) {
      for (const { name, key } of given) {
        if (secretsEqual(candidate.key, key) && candidate.name === name) found = candidate;
      }
    }
    return { areGiven: given.length > 0, found };
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
