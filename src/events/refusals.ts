import { Injectable, Logger } from '@nestjs/common';
import { addressGroup } from '../common/ip-address.js';
import { AppError } from '../common/app-error.js';
import { requestContext } from '../common/request-context.js';
import { fingerprint } from '../common/secret.js';
import { EphemeralStore } from '../ephemeral/ephemeral-store.js';
import { EventLog, type NewEvent } from './event-log.js';

/** One event of a kind in this time for each address: a flood does not fill the table. */
const RECORD_EVERY_MS = 60_000;

/** What was refused, and why. */
export type Refusal = NewEvent & { readonly details: { readonly reason: string } };

/** Records refusals that anybody can provoke as often as they like. */
@Injectable()
export class Refusals {
  private readonly logger = new Logger(Refusals.name);

  constructor(
    private readonly store: EphemeralStore,
    private readonly events: EventLog,
  ) {}

  /**
   * Records a refusal, the first of its type, reason and user in a minute for the address that asks (of IPv6
   * the /64). One that cannot be recorded, as the store or the database is away, is refused all the same.
   */
  async record(refusal: Refusal): Promise<void> {
    const { type, userId, details } = refusal;
    const kind = [type, details.reason, userId ?? '', addressGroup(requestContext()?.ip ?? '')].join(' ');
    try {
      if (!(await this.store.setIfAbsent(`refused:${fingerprint(kind)}`, '1', RECORD_EVERY_MS))) return;
      await this.events.record(refusal);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.logger.warn({ type, code: error.code, msg: 'a refusal is not recorded' });
    }
  }
}
