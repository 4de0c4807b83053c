import { Injectable } from '@nestjs/common';
import { AppConfig } from '../config/app-config.js';
import { fingerprint } from '../crypto/secret.js';
import type { Statement } from '../database/database.js';
import { EventLog } from '../events/event-log.js';
import type { IdentityOfUser } from './identity-rows.js';

/**
 * Records which terms people accept by logging in on a page that says so
 * (docs/decisions/052-accepted-terms.md). TERMS_URL and PRIVACY_URL together are the version.
 */
@Injectable()
export class AcceptedTerms {
  /** Fingerprint of the version; `null`: there are no terms. */
  private readonly version: string | null;

  constructor(
    private readonly events: EventLog,
    private readonly config: AppConfig,
  ) {
    const { termsUrl, privacyUrl } = config.terms;
    const hasTerms = termsUrl !== null || privacyUrl !== null;
    this.version = hasTerms ? fingerprint(JSON.stringify([termsUrl, privacyUrl])) : null;
  }

  /** Whether there are terms that the person has not accepted yet. */
  areOwed({ user }: IdentityOfUser): boolean {
    return this.version !== null && user.acceptedTerms !== this.version;
  }

  /**
   * The writes of a login on a page that showed the terms, for the batch that opens its session: none if the
   * person has accepted this version. Of several logins at once one records the event.
   */
  writes(login: IdentityOfUser): Statement[] {
    const { version } = this;
    if (!this.areOwed(login)) return [];
    const { user } = login;
    const { termsUrl, privacyUrl } = this.config.terms;
    return [
      this.events.entryOf(
        { type: 'terms.accepted', userId: user.id, actor: 'user', details: { termsUrl, privacyUrl } },
        { sql: 'AND (u.accepted_terms IS NULL OR u.accepted_terms <> ?)', parameters: [version] },
      ),
      { sql: 'UPDATE users SET accepted_terms = ? WHERE id = ?', parameters: [version, user.id] },
    ];
  }
}
