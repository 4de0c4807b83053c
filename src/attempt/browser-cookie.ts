import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Binding } from './binding.js';
import { fingerprint, freshSecret } from '../crypto/secret.js';
import { AppConfig } from '../config/app-config.js';
import { HostCookie } from './host-cookie.js';

const SECONDS = 24 * 60 * 60;

/**
 * The cookie that identifies a browser, so that a login begun in one cannot be finished in another. All tabs
 * share it. It does not identify a person.
 */
@Injectable()
export class BrowserCookie {
  private readonly cookie: HostCookie;

  constructor({ publicUrl }: AppConfig) {
    this.cookie = new HostCookie(publicUrl, 'wechat-auth-browser');
  }

  /** Returns the fingerprint of the browser's cookie; `null` if it sent none. */
  read(request: FastifyRequest): string | null {
    const value = this.cookie.valueIn(request);
    return value === null ? null : fingerprint(value);
  }

  /** Binds a login to its client: by the codeChallenge, else by the browser's cookie, which is set. */
  bind(codeChallenge: string | undefined, request: FastifyRequest, reply: FastifyReply): Binding {
    return codeChallenge === undefined ? { browser: this.ensure(request, reply) } : { codeChallenge };
  }

  /**
   * Returns the fingerprint of the browser's cookie, which is created or extended by a day, so that it
   * outlives every login begun now.
   */
  ensure(request: FastifyRequest, reply: FastifyReply): string {
    const value = this.cookie.valueIn(request) ?? freshSecret();
    this.cookie.set(reply, value, SECONDS);
    return fingerprint(value);
  }
}
