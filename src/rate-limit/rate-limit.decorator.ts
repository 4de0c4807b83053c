import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import type { RouteQuotaName } from '../config/quota-names.js';
import { routeQuota, WINDOW_MS } from './quotas.js';

/** Metadata key of the name of a route's quota. */
export const RATE_LIMIT = 'wechat-auth:rate-limit';

/** Where the OpenAPI document says which quota an operation has. */
export const LIMIT_EXTENSION = 'x-rate-limit';

/**
 * Limits a route, or all routes of a controller that do not say otherwise. Routes under the same name share one
 * quota. Beyond it they answer RATE_LIMITED; the OpenAPI document says so.
 */
export function RateLimit(name: RouteQuotaName): MethodDecorator & ClassDecorator {
  const { perAddress, perApp } = routeQuota(name);
  return applyDecorators(
    SetMetadata(RATE_LIMIT, name),
    ApiExtension(LIMIT_EXTENSION, {
      policy: name,
      windowSeconds: WINDOW_MS / 1_000,
      perAddress,
      ...(perApp && { perApp: perApp.quota }),
    }),
  );
}
