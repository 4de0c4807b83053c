import type { FastifyReply, FastifyRequest } from 'fastify';
import { isSecretForm } from '../crypto/secret.js';
import { cookieOf, setCookie } from '../http/cookies.js';

/** A cookie of this host with a secret: HttpOnly, SameSite=Lax, for all paths. */
export class HostCookie {
  private readonly name: string;
  private readonly options: {
    readonly path: string;
    readonly httpOnly: true;
    readonly secure: boolean;
    readonly sameSite: 'lax';
  };

  /** @param name without the prefix `__Host-`, which it has under https */
  constructor(publicUrl: string, name: string) {
    const secure = publicUrl.startsWith('https:');
    // The `__Host-` prefix requires https and this exact host, so a subdomain cannot plant the cookie.
    this.name = secure ? `__Host-${name}` : name;
    this.options = { path: '/', httpOnly: true, secure, sameSite: 'lax' };
  }

  /** The secret that the browser sent; `null` if it sent none, or none of our form. */
  valueIn(request: FastifyRequest): string | null {
    const value = cookieOf(request, this.name);
    return value !== undefined && isSecretForm(value) ? value : null;
  }

  /** @param maxAge seconds */
  set(reply: FastifyReply, value: string, maxAge: number): void {
    setCookie(reply, this.name, value, { ...this.options, maxAge });
  }

  clear(reply: FastifyReply): void {
    this.set(reply, '', 0);
  }
}
