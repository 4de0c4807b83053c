import '@fastify/cookie';
import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Binding } from '../attempt/binding.js';
import { fingerprint, freshSecret } from '../common/secret.js';
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
    const value = request.cookies[this.name];
    return value !== undefined && FORM.test(value) ? fingerprint(value) : null;
  }

  /** What ties a login to who begins it: the codeChallenge, else this browser, which gets the cookie. */
  bind(codeChallenge: string | undefined, request: FastifyRequest, reply: FastifyReply): Binding {
    return codeChallenge === undefined ? { browser: this.ensure(request, reply) } : { codeChallenge };
  }

  /** Fingerprint of the browser's cookie; a browser without one gets it. */
  ensure(request: FastifyRequest, reply: FastifyReply): string {
    const known = this.read(request);
    if (known !== null) return known;
    const value = freshSecret();
    void reply.setCookie(this.name, value, {
      path: '/',
      httpOnly: true,
      secure: this.secure,
      sameSite: 'lax',
      maxAge: SECONDS,
    });
    return fingerprint(value);
  }
}
