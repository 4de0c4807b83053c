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

/** What proxies add to the requests that they pass on. */
const OF_PROXIES = /^(forwarded|via|x-real-ip|x-forwarded-.+)$/;

/**
 * Lets in who has METRICS_TOKEN (`Authorization: Bearer`). Where none is set: who runs on this machine, and asks
 * itself. A proxy on the same machine connects from loopback as well, on behalf of anybody. It is given away by what
 * it says of its client, by a name in Host that is not this machine's own, or by HTTP/1.0: a bare `proxy_pass` of nginx
 * says nothing and names this machine in Host, but speaks that.
 */
@Injectable()
export class MetricsGuard implements CanActivate {
  private readonly logger = new Logger(MetricsGuard.name);
  private hasHinted = false;

  constructor(private readonly config: AppConfig) {}

  /** @throws AppError METRICS_TOKEN_INVALID, FORBIDDEN */
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const { metricsToken } = this.config;
    if (metricsToken === null) {
      if (isOfThisMachine(request)) return true;
      this.hint();
      throw new AppError('FORBIDDEN');
    }
    const given = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
    if (secretsEqual(given, metricsToken)) return true;
    if (request.headers.authorization !== undefined) noteInRequest({ challenge: INVALID_TOKEN_CHALLENGE });
    throw new AppError('METRICS_TOKEN_INVALID');
  }

  /** To the operator alone, once: whoever asks from elsewhere learns nothing of the settings. */
  private hint(): void {
    if (this.hasHinted) return;
    this.hasHinted = true;
    this.logger.warn(
      '/metrics was refused: without METRICS_TOKEN only this machine itself may read it, past every proxy',
    );
  }
}

/** By the socket itself, not by `request.ip`, which a trusted proxy says. */
function isOfThisMachine({ raw: { socket, headers, httpVersion } }: FastifyRequest): boolean {
  return (
    isLoopback(socket.remoteAddress ?? '') &&
    !Object.keys(headers).some((name) => OF_PROXIES.test(name)) &&
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

/** Also for an IPv4 address in IPv6 form (`::ffff:127.0.0.1`), as dual-stack sockets have it. */
function isLoopback(address: string): boolean {
  return LOOPBACK.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}
