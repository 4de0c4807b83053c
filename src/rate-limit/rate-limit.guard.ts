import { type CanActivate, type ExecutionContext, Injectable, Logger } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { addressGroup } from '../http/ip-address.js';
import type { RouteQuotaName } from '../config/quota-names.js';
import { noteInRequest, requestContext } from '../http/request-context.js';
import { RouteMetadata } from '../http/route-metadata.js';
import { AppConfig, type WeChatApp } from '../config/app-config.js';
import type { Quota } from './quotas.js';
import { RATE_LIMIT, type RateLimitOfRoute } from './rate-limit.decorator.js';
import { RateLimiter } from './rate-limiter.js';
import type { AppKind } from '../channel/app-kinds.js';

/**
 * Runs before every other guard, so that requests with bad codes, tokens and keys are counted too. The address is that
 * of the client (`RequestContext.ip`). A program with a valid API key has no limit of its address, since a company's back
 * end logs in all its people from one; the quota of the app holds for it as well.
 */
@Injectable()
export class RateLimitGuard implements CanActivate {
  private readonly logger = new Logger(RateLimitGuard.name);
  private hasHinted = false;

  private readonly limits: RouteMetadata<RateLimitOfRoute>;

  constructor(
    reflector: Reflector,
    private readonly limiter: RateLimiter,
    private readonly config: AppConfig,
  ) {
    this.limits = new RouteMetadata(reflector, RATE_LIMIT);
  }

  /** @throws AppError RATE_LIMITED */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const limit = this.config.rateLimits.on ? this.limits.of(context) : undefined;
    if (limit === undefined) return true;
    const http = context.switchToHttp();
    return this.admits(limit, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  private async admits(
    limit: RateLimitOfRoute,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<boolean> {
    try {
      const quotas = this.quotas(limit, request);
      if (quotas.length > 0) await this.limiter.take(quotas, reply);
    } catch (error) {
      this.hintAtProxy(request);
      if (limit.login) noteInRequest({ login: limit.login });
      throw error;
    }
    return true;
  }

  private quotas({ name, perAddress, perApp }: RateLimitOfRoute, request: FastifyRequest): Quota[] {
    const quotas: Quota[] = [];
    if (!isProgram(name)) {
      const limit = this.config.rateLimits.quotas[name] ?? perAddress;
      quotas.push({ name, limit, of: 'address', subject: addressGroup(request.ip) });
    }
    const app = perApp ? requestedApp(this.config.wechat.apps, perApp.defaultKind, request) : null;
    if (perApp && app) {
      quotas.push({ name: `${name}-app`, limit: perApp.quota, of: 'app', subject: app.appId });
    }
    return quotas;
  }

  /** Behind a proxy that nobody named, all people are one address: they would be refused without anybody knowing why. */
  private hintAtProxy({ headers, ip, socket }: FastifyRequest): void {
    if (this.hasHinted || headers['x-forwarded-for'] === undefined || ip !== socket.remoteAddress) return;
    this.hasHinted = true;
    this.logger.warn(
      'an address was limited that sends X-Forwarded-For: if it is a proxy of yours, name it in TRUSTED_PROXIES',
    );
  }
}

/** Operators' own routes are limited for their keys, too: those are used by scripts and consoles. */
function isProgram(name: RouteQuotaName): boolean {
  return name !== 'admin' && Boolean(requestContext()?.apiKey);
}

/**
 * The app that a request means: the one that its body or query names by `appId`, else the default of a kind. Read
 * before anything is validated, so only apps of the environment count: nobody makes up counters. A request for any
 * other is refused later, before anything goes to WeChat.
 * @returns `null` where there is no such app
 */
export function requestedApp(
  apps: readonly WeChatApp[],
  defaultKind: AppKind,
  { method, body, query }: Pick<FastifyRequest, 'method' | 'body' | 'query'>,
): WeChatApp | null {
  const appId = memberAppId(method === 'GET' || method === 'HEAD' ? query : body);
  const isMeant = (app: WeChatApp): boolean =>
    appId === undefined ? app.kind === defaultKind : app.appId === appId;
  return apps.find(isMeant) ?? null;
}

/** `null` means what absence means, as in `MayBeNull`. */
function memberAppId(members: unknown): unknown {
  if (typeof members !== 'object' || members === null || !('appId' in members)) return undefined;
  return members.appId ?? undefined;
}
