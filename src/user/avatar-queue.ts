import { Injectable } from '@nestjs/common';
import { SLOWEST_COPY_MS } from '../avatar/picture-limits.js';
import { type Leased, LeaseQueue } from '../background/lease-queue.js';
import { LEASE_MARGIN_MS, type LeaseTable } from '../background/lease-table.js';
import { Clock } from '../common/clock.js';
import { Database } from '../database/database.js';

const AVATAR_JOBS: LeaseTable = {
  name: 'avatar_jobs',
  key: 'id',
  lane: null,
  payload: ['kind', 'user_id', 'url', 'avatar_key', 'replaces'],
  // No other instance begins a copy again while this one is at it.
  leaseMs: SLOWEST_COPY_MS + LEASE_MARGIN_MS,
};

/** The columns of a job. */
export interface AvatarJobRow {
  readonly kind: 'copy' | 'delete';
  readonly user_id: string | null;
  readonly url: string | null;
  readonly avatar_key: string | null;
  readonly replaces: boolean | number;
}

/** A copy whose lease this instance holds. */
export type ClaimedCopy = Leased & { readonly kind: 'copy'; readonly userId: string; readonly url: string };

/** A job whose lease this instance holds. */
export type ClaimedJob = ClaimedCopy | (Leased & { readonly kind: 'delete'; readonly avatarKey: string });

/** The queue of avatar jobs, as the worker sees it. */
@Injectable()
export class AvatarQueue extends LeaseQueue<AvatarJobRow> {
  constructor(database: Database, clock: Clock) {
    super(database, clock, AVATAR_JOBS);
  }

  /** Claims at most `limit` due jobs. */
  async claimJobs(limit: number): Promise<ClaimedJob[]> {
    return (await this.claim(limit)).map(({ payload, ...leased }) =>
      payload.kind === 'copy'
        ? { ...leased, kind: 'copy', userId: payload.user_id ?? '', url: payload.url ?? '' }
        : { ...leased, kind: 'delete', avatarKey: payload.avatar_key ?? '' },
    );
  }
}
