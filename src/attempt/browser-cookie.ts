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

  /**
   * Binds a login to its client: by the codeChallenge, else by the browser's cookie, which is set.
   * @param isHosted whether a hosted page begins the login: then its browser is named in any case
   */
  bind(
    codeChallenge: string | undefined,
    isHosted: boolean,
    request: FastifyRequest,
    reply: FastifyReply,
  ): { binding: Binding; hostedBrowser: string | null } {
    if (codeChallenge !== undefined && !isHosted) return { binding: { codeChallenge }, hostedBrowser: null };
    const browser = this.ensure(request, reply);
    const binding = codeChallenge === undefined ? { browser } : { codeChallenge };
    return { binding, hostedBrowser: isHosted ? browser : null };
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
