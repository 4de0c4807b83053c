import '@fastify/cookie';
import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Binding } from './binding.js';
import { fingerprint, freshSecret } from '../crypto/secret.js';
import { AppConfig } from '../config/app-config.js';

const SECONDS = 24 * 60 * 60;
const FORM = /^[0-9a-f]{64}$/;

/**
 * The cookie that names a browser, so that a login started in one cannot be finished in another. All tabs share it.
 * It says nothing about who somebody is.
 */
@Injectable()
export class BrowserCookie {
  private readonly secure: boolean;
  private readonly name: string;

  constructor(config: AppConfig) {
    this.secure = config.publicUrl.startsWith('https:');
    // __Host- is bound to https, the whole host and no other host: a subdomain cannot plant it.
    this.name = this.secure ? '__Host-wechat-auth-browser' : 'wechat-auth-browser';
  }

  /** Fingerprint of the browser's cookie; `null` where it sent none. */
  read(request: FastifyRequest): string | null {
    const value = this.valueIn(request);
    return value === null ? null : fingerprint(value);
  }

  /** What ties a login to who begins it: the codeChallenge, else this browser, which gets the cookie. */
  bind(codeChallenge: string | undefined, request: FastifyRequest, reply: FastifyReply): Binding {
    return codeChallenge === undefined ? { browser: this.ensure(request, reply) } : { codeChallenge };
  }

  /**
   * Fingerprint of the browser's cookie. A browser without one gets it; one that has it gets it for another day, so
   * that it outlives every login that begins.
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
    return value !== undefined && FORM.test(value) ? value : null;
  }
}
