import '@fastify/cookie';
import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Binding } from './binding.js';
import { fingerprint, freshSecret, isSecretForm } from '../crypto/secret.js';
import { AppConfig } from '../config/app-config.js';

const SECONDS = 24 * 60 * 60;

/**
 * The cookie that identifies a browser, so that a login begun in one cannot be finished in another. All tabs
 * share it. It does not identify a person.
 */
@Injectable()
export class BrowserCookie {
  private readonly secure: boolean;
  private readonly name: string;

  constructor(config: AppConfig) {
    this.secure = config.publicUrl.startsWith('https:');
    // The `__Host-` prefix requires https and this exact host, so a subdomain cannot plant the cookie.
    this.name = this.secure ? '__Host-wechat-auth-browser' : 'wechat-auth-browser';
  }

  /** Returns the fingerprint of the browser's cookie; `null` if it sent none. */
  read(request: FastifyRequest): string | null {
    const value = this.valueIn(request);
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
    const value = this.valueIn(request) ?? freshSecret();
    void reply.setCookie(this.name, value, {
      path: '/',
      httpOnly: true,
      secure: this.secure,
      sameSite: 'lax',
      maxAge: SECONDS,
    });
    return fingerprint(value);
  }

  private valueIn(request: FastifyRequest): string | null {
    const value = request.cookies[this.name];
    return value !== undefined && isSecretForm(value) ? value : null;
  }
}
