import type { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Injectable, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { v7 as uuidv7 } from 'uuid';
import { HostedLogins } from '../../attempt/hosted-logins.js';
import { AppError } from '../../common/app-error.js';
import { describeError } from '../../common/describe-error.js';
import { AppConfig } from '../../config/app-config.js';
import { fingerprint, freshSecret, secretsEqual } from '../../crypto/secret.js';
import { type PartnerKeySet, PartnerSigningKeys } from '../../session/keys/partner-signing-keys.js';
import { Grants } from '../grants/grants.js';
import { OpenIdPages } from '../pages/openid-pages.js';
import { PartnerTokens } from '../tokens/partner-tokens.js';
import { CollectedResponse, presentedRequest } from './collected-response.js';
import { loadLibrary, Provider } from './library.js';
import { NO_REDIRECT_URI, OpenIdConfiguration, ROUTES } from './openid-configuration.js';
import { withoutRetiredHint } from './retired-hint.js';

/** A provider with the keys that it was built for. */
interface Built {
  readonly version: string;
  readonly provider: Provider;
  readonly serve: ReturnType<Provider['callback']>;
  readonly kids: readonly string[];
}

/** Characters of a form that are redirected as a query. Servers and proxies take 8 kB of a URL. */
const MAX_QUERY = 6 * 1024;

/** The method of the library's models that makes the text of a token; its types do not name it. */
interface TokenWithId {
  generateTokenId(): string;
}

/**
 * OpenID Connect for partner apps, by oidc-provider. The library takes its keys once, so a new provider is built when
 * the key set changes; providers keep no state of their own.
 */
@Injectable()
export class OpenIdProvider {
  private readonly logger = new Logger(OpenIdProvider.name);
  private built: Built | null = null;
  private readonly publicUrl: URL;
  /** The fault of the service behind an answer of the library, which hides it; by request. */
  private readonly faults = new WeakMap<object, unknown>();
  /** Requests with which a person has logged out. */
  private readonly loggedOut = new WeakSet<object>();

  constructor(
    private readonly config: AppConfig,
    private readonly configuration: OpenIdConfiguration,
    private readonly keys: PartnerSigningKeys,
    private readonly grants: Grants,
    private readonly tokens: PartnerTokens,
    private readonly pages: OpenIdPages,
    private readonly hostedLogins: HostedLogins,
  ) {
    this.publicUrl = new URL(config.publicUrl);
  }

  /**
   * Answers a request below /oidc. Errors of the protocol are the library's (RFC 6749 sections 4.1.2.1 and 5.2).
   * @throws AppError where the service is at fault: DATABASE_UNAVAILABLE, STORE_UNAVAILABLE; other errors as they are
   */
  async handle(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const url = belowMount(request.url);
    const [path] = url.split('?', 1);
    // Who looks for the key of a fresh token finds it, whichever instance they ask.
    const { provider, serve, kids } =
      path === ROUTES.jwks ? this.providerFor(await this.keys.newestKeySet()) : await this.current();
    const [incoming, collected] = this.present(
      request,
      path === ROUTES.end_session ? withoutRetiredHint(url, kids) : url,
    );
    if (this.isStepOfLogin(path)) await this.forgetEndedLogin(provider, incoming, collected, request);
    await serve(incoming, collected);
    const fault = this.faults.get(incoming);
    if (fault !== undefined) throw fault instanceof Error ? fault : new Error('unknown fault');
    if (this.loggedOut.has(incoming)) await this.hostedLogins.end(request, reply);
    void reply.headers(collected.getHeaders());
    const page = this.pages.take(incoming) ?? (await this.pageIn(path, collected, request));
    if (page) await page(request, reply, collected.statusCode);
    else await reply.status(collected.statusCode).send(collected.body);
  }

  /**
   * The page in place of one that the library wrote; `null` if it wrote none. It asks nobody whether to log out where it
   * knows nobody itself, but then the hosted pages may know somebody.
   */
  private async pageIn(path: string | undefined, { body }: CollectedResponse, request: FastifyRequest) {
    const isKnown = path === ROUTES.end_session && (await this.hostedLogins.current(request)) !== null;
    return isKnown ? this.pages.askingLogout(body, request) : this.pages.returning(body);
  }

  /** The provider for the current keys. @throws AppError DATABASE_UNAVAILABLE */
  async current(): Promise<Built> {
    return this.providerFor(await this.keys.keySet());
  }

  private providerFor({ version, keys }: PartnerKeySet): Built {
    if (this.built?.version === version) return this.built;
    loadLibrary();
    const provider = new Provider(
      `${this.config.publicUrl}/oidc`,
      this.configuration.for(keys.map((key) => key.privateJwk)),
    );
    // Links are built from PUBLIC_URL alone: `present` sets both header fields.
    provider.proxy = true;
    this.extend(provider);
    const built = { version, provider, serve: provider.callback(), kids: keys.map(({ kid }) => kid) };
    this.built = built;
    return built;
  }

  /** The request as the library expects it, below its mount path and at PUBLIC_URL, and a response to collect. */
  present(
    request: FastifyRequest,
    url = belowMount(request.url),
  ): [ReturnType<typeof presentedRequest>, CollectedResponse] {
    const { host, protocol, pathname } = this.publicUrl;
    const form = typeof request.body === 'string' ? request.body : '';
    const body = url === ROUTES.token ? withRedirectUri(form) : form;
    const incoming = presentedRequest(request.raw, {
      url,
      baseUrl: `${pathname.replace(/\/$/, '')}/oidc`,
      headers: {
        ...request.headers,
        host,
        'x-forwarded-host': host,
        'x-forwarded-proto': protocol.slice(0, -1),
        ...(body !== form && { 'content-length': String(Buffer.byteLength(body)) }),
      },
      body,
    });
    return [incoming, new CollectedResponse(incoming)];
  }

  /**
   * URL of GET for a form that came by POST.
   * @throws AppError UNSUPPORTED_MEDIA_TYPE for anything else; PAYLOAD_TOO_LARGE for more than a URL can hold
   */
  asGet({ body, headers, url }: FastifyRequest): string {
    const isForm = headers['content-type']?.startsWith('application/x-www-form-urlencoded') ?? false;
    if (!isForm || typeof body !== 'string') throw new AppError('UNSUPPORTED_MEDIA_TYPE');
    if (body.length > MAX_QUERY) throw new AppError('PAYLOAD_TOO_LARGE');
    const [path = ''] = url.split('?', 1);
    return `${this.config.publicUrl}${path}?${new URLSearchParams(body).toString()}`;
  }

  /**
   * Whether the library is to know by the hosted login who is logged in. Where that is off, a session lasts from one
   * step of a login to the next.
   */
  private isStepOfLogin(path = ''): boolean {
    const isLater = path.startsWith(`${ROUTES.authorization}/`);
    return path === ROUTES.authorization || (isLater && this.config.ttl.sso > 0);
  }

  /**
   * A session of the library lasts as long as the hosted login of the browser, and is the same person's: a logout
   * anywhere, or another person's login, ends it.
   */
  private async forgetEndedLogin(
    provider: Provider,
    incoming: IncomingMessage,
    collected: CollectedResponse,
    request: FastifyRequest,
  ): Promise<void> {
    const session = await provider.Session.get(provider.createContext(incoming, collected));
    if (session.accountId === undefined) return;
    const hosted = await this.hostedLogins.current(request);
    if (hosted?.user.id === session.accountId) return;
    delete session.accountId;
    delete session.loginTs;
    delete session.authorizations;
    await session.persist();
  }

  private extend(provider: Provider): void {
    const { tokens } = this;
    // The stored secret is a fingerprint.
    provider.Client.prototype.compareClientSecret = function compare(this: { clientSecret?: string }, given) {
      return this.clientSecret !== undefined && secretsEqual(this.clientSecret, fingerprint(given));
    };
    // `Consents` marks grants for which nobody was asked, the adapters of tokens their family.
    storeAlso(provider.Grant, 'isUnasked');
    storeAlso(provider.RefreshToken, 'family');
    storeAlso(provider.AccessToken, 'family');
    (provider.Grant.prototype as unknown as TokenWithId).generateTokenId = () => uuidv7();
    (provider.RefreshToken.prototype as unknown as TokenWithId).generateTokenId = () => {
      const predecessor = Provider.ctx?.oidc.entities.RotatedRefreshToken;
      return predecessor ? tokens.successorOf(predecessor.jti) : freshSecret();
    };
    provider.on(
      'server_error',
      ({ req }: KoaContextWithOIDC, error: unknown) => void this.faults.set(req, error),
    );
    (provider as EventEmitter).on('error', (error: unknown) => {
      this.logger.error({ error: describeError(error), msg: 'OpenID Connect failed' });
    });
    provider.on('grant.success', ({ oidc }: KoaContextWithOIDC) => {
      const grantId = oidc.entities.Grant?.jti;
      // Shown to the person; no login depends on it.
      if (grantId !== undefined) this.grants.touch(grantId).catch(() => undefined);
    });
    provider.on('end_session.success', ({ req, oidc }: KoaContextWithOIDC) => {
      if (oidc.params?.logout) this.loggedOut.add(req);
    });
  }
}

/** Lets a model of the library keep a property of ours. Its types do not name the list of those that are stored. */
function storeAlso(model: object, property: string): void {
  const { IN_PAYLOAD: stored } = model as { IN_PAYLOAD: readonly string[] };
  Object.defineProperty(model, 'IN_PAYLOAD', { value: [...stored, property] });
}

/** Path and query below the mount path of the library. */
function belowMount(url: string): string {
  return url.replace(/^\/oidc/, '');
}

/**
 * A code that was issued without a browser is exchanged without `redirect_uri`, which the library wants for every code.
 * Other codes have another one, and so are refused.
 */
function withRedirectUri(form: string): string {
  const fields = new URLSearchParams(form);
  const lacksIt = fields.get('grant_type') === 'authorization_code' && !fields.has('redirect_uri');
  return lacksIt ? `${form}&redirect_uri=${encodeURIComponent(NO_REDIRECT_URI)}` : form;
}
