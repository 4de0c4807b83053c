import { Injectable } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import { Clock } from '../common/clock.js';
import type { ChannelLabel } from '../channel/channels.js';
import { freshId } from '../crypto/fresh-id.js';
import { fingerprint, freshSecret, secretsEqual } from '../crypto/secret.js';
import { EphemeralStore } from '../ephemeral/ephemeral-store.js';
import type { Device } from '../session/session.service.js';
import { type Binding, mayRedeem } from './binding.js';
import { UnreadRecords } from './unread-records.js';

interface Pending {
  readonly binding: Binding;
  /** The browser that logged in. Another client may redeem the code. */
  readonly device: Device;
  /** When the person logged in at WeChat (ms). */
  readonly loginAt: number;
}

/** A login that succeeded in the browser and has yet to be exchanged for tokens. */
export interface PendingLogin extends Pending {
  readonly kind: 'log-in';
  /** Channel under which the session is counted. */
  readonly channel: ChannelLabel;
  readonly identityId: string;
  readonly isNewUser: boolean;
  /** Key of the attempt that waits for the login; `null` if none does. */
  readonly attempt: string | null;
  /** Id of the session that it will open. */
  readonly sessionId: string;
  /** WeChat's refresh token, encrypted (`ResolvedLogin.refreshToken`). It is stored with the session. */
  readonly refreshToken: string | null;
  /** Key of the hosted login that issued the code without another login at WeChat; else `null`. */
  readonly hostedLogin: string | null;
  /**
   * Fingerprint of the cookie of the browser whose hosted page began the login; `null` if a website began it.
   */
  readonly hostedBrowser: string | null;
  /** Whether the person saw a hosted page that said what a login accepts, and then logged in. */
  readonly termsShown: boolean;
}

/** The members of a `PendingLogin` that differ between doors. */
type LoginFacts = Omit<PendingLogin, 'kind' | 'sessionId' | Defaulted> &
  Partial<Pick<PendingLogin, Defaulted>>;
type Defaulted =
  'attempt' | 'isNewUser' | 'loginAt' | 'hostedLogin' | 'hostedBrowser' | 'termsShown' | 'refreshToken';

/**
 * A login whose session is still to be opened.
 * @param now when the person logged in at WeChat, unless the facts say so (ms)
 */
export function pendingLogin(facts: LoginFacts, now: number): PendingLogin {
  return {
    kind: 'log-in',
    sessionId: freshId(),
    attempt: null,
    isNewUser: false,
    loginAt: now,
    refreshToken: null,
    hostedLogin: null,
    hostedBrowser: null,
    termsShown: false,
    ...facts,
  };
}

/** A WeChat account that is linked when the client that began the link redeems the code with its verifier. */
export interface PendingLink extends Pending {
  readonly kind: 'link';
  /** The session that began the link. */
  readonly sessionId: string;
  /** The `WeChatLogin`, encrypted, because it contains WeChat's refresh token. */
  readonly login: string;
}

/**
 * Whether a hosted page of this browser began the login.
 * @param browser fingerprint of the cookie of the request
 */
export function isHostedBrowser({ hostedBrowser }: PendingLogin, browser: string | null): boolean {
  return hostedBrowser !== null && browser !== null && secretsEqual(hostedBrowser, browser);
}

/** Lifetime of a loginCode. */
export const LOGIN_CODE_MS = 60 * 1_000;

/** loginCodes: 60 s, single use, useless without the cookie or the verifier of the attempt. */
@Injectable()
export class LoginCodes {
  private readonly unread: UnreadRecords<PendingLogin | PendingLink>;

  constructor(
    private readonly store: EphemeralStore,
    private readonly clock: Clock,
  ) {
    this.unread = new UnreadRecords(clock);
  }

  /** @returns the loginCode for returnTo */
  async issue(login: PendingLogin | PendingLink): Promise<string> {
    const loginCode = freshSecret();
    await this.issueAs(loginCode, login);
    return loginCode;
  }

  /**
   * Issues a loginCode that the caller has chosen, so that it can store what carries the code in the same turn.
   * @param loginCode from `freshSecret`
   */
  async issueAs(loginCode: string, login: PendingLogin | PendingLink): Promise<void> {
    await this.store.set(key(loginCode), JSON.stringify(login), LOGIN_CODE_MS);
    this.unread.keep(loginCode, login, LOGIN_CODE_MS);
  }

  /**
   * Returns the login of a loginCode without using it up, to a client that may redeem it.
   * @param browser fingerprint of the cookie of the request
   * @throws AppError LOGIN_CODE_INVALID
   */
  async find(
    loginCode: string,
    browser: string | null,
    codeVerifier: string | undefined,
  ): Promise<PendingLogin | PendingLink> {
    const login = this.unread.take(loginCode) ?? (await this.read(loginCode));
    if (!login || !mayRedeem(login.binding, browser, codeVerifier)) throw new AppError('LOGIN_CODE_INVALID');
    return login;
  }

  /**
   * Returns a login that a hosted page of this browser began, without using its loginCode up.
   * @param browser fingerprint of the cookie of the request
   * @throws AppError LOGIN_CODE_INVALID, also for a login of another browser or one that a website began
   */
  async findHosted(loginCode: string, browser: string | null): Promise<PendingLogin> {
    // Of the store, which knows whether another instance has redeemed the code.
    const login = await this.read(loginCode);
    if (login?.kind !== 'log-in' || !isHostedBrowser(login, browser)) {
      throw new AppError('LOGIN_CODE_INVALID');
    }
    return login;
  }

  /**
   * Uses a loginCode up. Of several concurrent calls, one succeeds.
   * @throws AppError LOGIN_CODE_INVALID for the others
   */
  async use(loginCode: string): Promise<void> {
    if ((await this.store.take(key(loginCode))) === null) throw new AppError('LOGIN_CODE_INVALID');
  }

  private async read(loginCode: string): Promise<PendingLogin | PendingLink | null> {
    const stored = await this.store.get(key(loginCode));
    if (stored === null) return null;
    const login = JSON.parse(stored) as PendingLogin | (Omit<PendingLink, 'loginAt'> & Partial<PendingLink>);
    // Instances of the previous version store fewer members.
    const now = this.clock.now();
    return login.kind === 'log-in' ? pendingLogin(login, now) : { loginAt: now, ...login };
  }
}

function key(loginCode: string): string {
  return `login-code:${fingerprint(loginCode)}`;
}
