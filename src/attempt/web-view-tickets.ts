import { Injectable } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import { Clock } from '../common/clock.js';
import { fingerprint, freshSecret, isSecretForm, secretsEqual } from '../crypto/secret.js';
import { EphemeralStore } from '../ephemeral/ephemeral-store.js';
import type { Device } from '../session/session.service.js';
import { LoginCodes, pendingLogin } from './login-codes.js';
import { withAnswer } from './return-urls.js';

/** A ticket that a mini program passes to its web view. */
interface Ticket {
  readonly identityId: string;
  /** Checked against RETURN_URLS when the ticket was issued. */
  readonly returnTo: string;
  /** `null` until it is used; then the challenge and the redirect of that use. */
  readonly used: { readonly codeChallenge: string; readonly location: string } | null;
}

const TICKET_MS = 30 * 1_000;
/** How long a repeated request gets the same redirect (ms). */
const OUTCOME_MS = 60 * 1_000;

/**
 * Login of a mini program's user on the website in its `<web-view>`. A ticket (30 s, single use, one
 * returnTo) is exchanged for a loginCode that only the website's own verifier redeems. No token is ever in a
 * URL.
 */
@Injectable()
export class WebViewTickets {
  constructor(
    private readonly store: EphemeralStore,
    private readonly loginCodes: LoginCodes,
    private readonly clock: Clock,
  ) {}

  /** @returns the ticket and when it expires (ms) */
  async issue(identityId: string, returnTo: string): Promise<{ ticket: string; expiresAt: number }> {
    const ticket = freshSecret();
    const stored: Ticket = { identityId, returnTo, used: null };
    await this.store.set(key(ticket), JSON.stringify(stored), TICKET_MS);
    return { ticket, expiresAt: this.clock.now() + TICKET_MS };
  }

  /**
   * Uses a ticket up. A request with another returnTo does not use it up. A repeated request with the same
   * challenge gets the same redirect.
   * @param device the web view
   * @returns returnTo with a loginCode that is bound to the challenge
   * @throws AppError WEB_VIEW_TICKET_INVALID
   */
  async use(ticket: string, returnTo: string, codeChallenge: string, device: Device): Promise<string> {
    const stored = isSecretForm(ticket) ? await this.store.get(key(ticket)) : null;
    if (stored === null) throw new AppError('WEB_VIEW_TICKET_INVALID');
    const found = JSON.parse(stored) as Ticket;
    if (found.returnTo !== returnTo) throw new AppError('WEB_VIEW_TICKET_INVALID');
    if (found.used) return repeated(found.used, codeChallenge);
    const { identityId } = found;
    const loginCode = await this.loginCodes.issue(
      pendingLogin({ channel: 'web-view', identityId, binding: { codeChallenge }, device }, this.clock.now()),
    );
    const location = withAnswer(returnTo, 'loginCode', loginCode);
    const used: Ticket = { ...found, used: { codeChallenge, location } };
    if (await this.store.replace(key(ticket), stored, JSON.stringify(used), OUTCOME_MS)) return location;
    // A concurrent request has used the ticket. The loginCode created here is discarded.
    return this.use(ticket, returnTo, codeChallenge, device);
  }
}

function repeated(used: NonNullable<Ticket['used']>, codeChallenge: string): string {
  if (!secretsEqual(used.codeChallenge, codeChallenge)) throw new AppError('WEB_VIEW_TICKET_INVALID');
  return used.location;
}

function key(ticket: string): string {
  return `web-view-ticket:${fingerprint(ticket)}`;
}
