import { AsyncResource } from 'node:async_hooks';
import { Injectable } from '@nestjs/common';
import { HourlyJob } from '../../background/hourly-job.js';
import { describeError } from '../../common/describe-error.js';
import { Database } from '../../database/database.js';
import { placeholders } from '../../database/statements.js';
import { EphemeralStore } from '../../ephemeral/ephemeral-store.js';

/** Rows that one statement deletes. It must not hold locks for long. */
const CHUNK = 500;

/**
 * Deletes the rows of deleted partners in small transactions: one statement that cascades over the grants of
 * a million people would exceed its deadline. It begins after the deletion; once an hour it continues what a
 * crash has left. Several instances may do it at once.
 */
@Injectable()
export class PartnerRemoval extends HourlyJob {
  /** To be called after the commit of a deletion. Leaves the async context of the caller. */
  readonly wake = AsyncResource.bind(() => {
    this.removal = this.removal.then(() => this.removeAll());
  });
  private readonly ending = new AbortController();
  private removal: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: Database,
    store: EphemeralStore,
  ) {
    super(store, 'partner-removal');
  }

  /** Resolves once all removals that were begun here have ended. */
  async idle(): Promise<void> {
    await this.removal;
  }

  override async beforeApplicationShutdown(): Promise<void> {
    this.ending.abort();
    await Promise.all([super.beforeApplicationShutdown(), this.removal]);
  }

  protected override async work(stopping: AbortSignal): Promise<void> {
    for (;;) {
      const [partner] = await this.database.select<{ id: string }>(
        'SELECT id FROM partners WHERE deleted_at IS NOT NULL LIMIT 1',
        [],
      );
      if (!partner || stopping.aborted) return;
      const isEmpty =
        (await this.repeat(stopping, () => this.deleteGrants(partner.id))) &&
        (await this.repeat(stopping, () => this.deleteSubjects(partner.id)));
      if (!isEmpty) return;
      await this.database.batch([
        { sql: 'DELETE FROM partners WHERE id = ? AND deleted_at IS NOT NULL', parameters: [partner.id] },
      ]);
    }
  }

  /** Repeats a step while it finds rows. @returns whether it ended because there are none left */
  private async repeat(stopping: AbortSignal, step: () => Promise<boolean>): Promise<boolean> {
    while (!stopping.aborted) if (!(await step())) return true;
    return false;
  }

  private async removeAll(): Promise<void> {
    try {
      await this.work(this.ending.signal);
    } catch (error) {
      // The hourly run continues.
      this.logger.warn({
        error: describeError(error),
        msg: 'the rows of a partner could not be deleted yet',
      });
    }
  }

  /** @returns whether there may be more */
  private async deleteGrants(partnerId: string): Promise<boolean> {
    const grants = await this.database.select<{ id: string }>(
      'SELECT id FROM partner_grants WHERE partner_id = ? LIMIT ?',
      [partnerId, CHUNK],
    );
    if (grants.length === 0) return false;
    const ids = grants.map(({ id }) => id);
    const tokens = await this.database.select<{ id: string }>(
      `SELECT id FROM partner_tokens WHERE grant_id IN (${placeholders(ids.length)}) LIMIT ?`,
      [...ids, CHUNK],
    );
    // With few tokens left, the cascade deletes them.
    const [table, rows] =
      tokens.length < CHUNK
        ? (['partner_grants', ids] as const)
        : (['partner_tokens', tokens.map(({ id }) => id)] as const);
    await this.database.batch([
      { sql: `DELETE FROM ${table} WHERE id IN (${placeholders(rows.length)})`, parameters: rows },
    ]);
    return true;
  }

  /** @returns whether there may be more */
  private async deleteSubjects(partnerId: string): Promise<boolean> {
    const rows = await this.database.select<{ user_id: string }>(
      'SELECT user_id FROM partner_subjects WHERE partner_id = ? LIMIT ?',
      [partnerId, CHUNK],
    );
    if (rows.length === 0) return false;
    await this.database.batch([
      {
        sql: `DELETE FROM partner_subjects WHERE partner_id = ? AND user_id IN (${placeholders(rows.length)})`,
        parameters: [partnerId, ...rows.map((row) => row.user_id)],
      },
    ]);
    return true;
  }
}
