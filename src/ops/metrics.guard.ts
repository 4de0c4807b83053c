import { BlockList, isIPv6 } from 'node:net';
import { type CanActivate, type ExecutionContext, Injectable, Logger } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../common/app-error.js';
import { INVALID_TOKEN_CHALLENGE } from '../http/problem.js';
import { noteInRequest } from '../http/request-context.js';
import { secretsEqual } from '../crypto/secret.js';
import { AppConfig } from '../config/app-config.js';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8);
LOOPBACK.addAddress('::1', 'ipv6');

/** Header fields that proxies add to the requests they forward. */
const PROXY_HEADERS = /^(forwarded|via|x-real-ip|x-forwarded-.+)$/;

/**
 * Requires METRICS_TOKEN (`Authorization: Bearer`). If it is not set, only direct requests from this machine
 * are allowed. A proxy on this machine also connects from loopback, on behalf of any client. It is detected
 * by its forwarding headers, by a foreign name in Host, or by HTTP/1.0, which a bare `proxy_pass` of nginx
 * uses.
 */
@Injectable()
export class MetricsGuard implements CanActivate {
  private readonly logger = new Logger(MetricsGuard.name);
  private hasWarned = false;

  constructor(private readonly config: AppConfig) {}

  /** @throws AppError METRICS_TOKEN_INVALID, FORBIDDEN */
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const { metricsToken } = this.config;
    if (metricsToken === null) {
      if (isDirectFromThisMachine(request)) return true;
      this.warnNotConfigured();
      throw new AppError('FORBIDDEN');
    }
    const given = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
    if (secretsEqual(given, metricsToken)) return true;
    if (request.headers.authorization !== undefined) noteInRequest({ challenge: INVALID_TOKEN_CHALLENGE });
    throw new AppError('METRICS_TOKEN_INVALID');
  }

  /** Logged once, for the operator only: a client must not learn the settings. */
  private warnNotConfigured(): void {
    if (this.hasWarned) return;
    this.hasWarned = true;
    this.logger.warn(
      '/metrics was refused: without METRICS_TOKEN only direct requests from this machine are allowed',
    );
  }
}

/** Checks the socket. `request.ip` is not usable, because a trusted proxy sets it. */
function isDirectFromThisMachine({ raw: { socket, headers, httpVersion } }: FastifyRequest): boolean {
  return (
    isLoopback(socket.remoteAddress ?? '') &&
    !Object.keys(headers).some((name) => PROXY_HEADERS.test(name)) &&
    isOwnName(headers.host ?? '') &&
    httpVersion !== '1.0'
  );
}

function isOwnName(host: string): boolean {
  const url = `http://${host}`;
  if (!URL.canParse(url)) return false;
  const name = new URL(url).hostname.replace(/^\[|\]$/g, '');
  return name === 'localhost' || isLoopback(name);
}

/** Includes IPv4 addresses in IPv6 form (`::ffff:127.0.0.1`), as dual-stack sockets report them. */
function isLoopback(address: string): boolean {
  return LOOPBACK.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}
