import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { BrowserCookie } from '../../attempt/browser-cookie.js';
import { type HostedLogin, HostedLogins } from '../../attempt/hosted-logins.js';
import { LoginCodes, pendingLogin } from '../../attempt/login-codes.js';
import { withAnswer } from '../../attempt/return-urls.js';
import { defaultChannelOf } from '../../channel/channels.js';
import { AppError } from '../../common/app-error.js';
import type { Device } from '../../session/session.service.js';
import { UserService } from '../../user/user.service.js';

/** A person with so many WeChat identities is asked to scan again if the app's is not among the oldest. */
const MAX_IDENTITIES = 100;

/** The person whom the login page knows, and the identity by which they would log in. */
export interface KnownPerson {
  readonly hosted: HostedLogin;
  readonly identity: HostedLogin['identity'];
}

/** What a tap on "continue" logs in for. */
export interface ContinuedLogin {
  /** Checked against RETURN_URLS. */
  readonly returnTo: string;
  readonly codeChallenge: string | undefined;
  readonly device: Device;
}

/** Logs in the person who has logged in on the hosted pages of this browser before, without another scan. */
@Injectable()
export class KnownPersons {
  constructor(
    private readonly hostedLogins: HostedLogins,
    private readonly loginCodes: LoginCodes,
    private readonly cookie: BrowserCookie,
    private readonly users: UserService,
  ) {}

  /**
   * The person who may continue. A site that names an app wants an identity of that app.
   * @param appId of the query
   * @returns `null` where nobody is known, or the person has no identity of the app
   */
  async find(appId: string | undefined, request: FastifyRequest): Promise<KnownPerson | null> {
    const hosted = await this.hostedLogins.current(request);
    if (!hosted) return null;
    const identity = await this.identityIn(appId, hosted).catch(unlessUnavailable);
    return identity && { hosted, identity };
  }

  /**
   * Logs the person in again: a loginCode for returnTo, bound as any login of this page.
   * @returns returnTo with the loginCode
   * @throws AppError STORE_UNAVAILABLE
   */
  async continue(
    { hosted, identity }: KnownPerson,
    { returnTo, codeChallenge, device }: ContinuedLogin,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<string> {
    const facts = {
      channel: defaultChannelOf(identity.appKind).label,
      identityId: identity.id,
      binding: this.cookie.bind(codeChallenge, false, request, reply).binding,
      device,
      hostedLogin: hosted.key,
      termsShown: true,
    };
    const loginCode = await this.loginCodes.issue(pendingLogin(facts, hosted.loginAt));
    return withAnswer(returnTo, 'loginCode', loginCode);
  }

  /**
   * The identity of an app: that of the same WeChat account, by its unionid, else the only one. Of several other
   * accounts none is chosen for the person.
   */
  private async identityIn(
    appId: string | undefined,
    { identity, user }: HostedLogin,
  ): Promise<HostedLogin['identity'] | null> {
    if (appId === undefined || identity.appId === appId) return identity;
    const all = await this.users.identitiesOf(user.id, null, MAX_IDENTITIES);
    const ofApp = all.filter((each) => each.appId === appId);
    const isSame = ({ unionId }: HostedLogin['identity']): boolean =>
      unionId !== null && unionId === identity.unionId;
    return ofApp.find(isSame) ?? (ofApp.length === 1 ? (ofApp[0] ?? null) : null);
  }
}

/** While the database is unavailable the page shows its codes as it does to anybody. */
function unlessUnavailable(error: unknown): null {
  if (error instanceof AppError) return null;
  throw error;
}
