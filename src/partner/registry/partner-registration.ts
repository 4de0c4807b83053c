import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AppError } from '../../common/app-error.js';
import { Clock } from '../../common/clock.js';
import { isId } from '../../common/id.js';
import { freshId } from '../../crypto/fresh-id.js';
import { fingerprint, freshSecret } from '../../crypto/secret.js';
import type { SelectedRow } from '../../database/columns.js';
import { Database } from '../../database/database.js';
import { toSqlTime } from '../../database/sql-time.js';
import { execute, placeholders } from '../../database/statements.js';
import { type Actor, EventLog } from '../../events/event-log.js';
import { WeChatApps } from '../../wechat/wechat-apps.js';
import { type Partner, PARTNER_COLUMNS, SETTING_COLUMNS, toColumns, toPartner } from './partner.js';
import {
  applySettings,
  DEFAULT_SETTINGS,
  type GivenSettings,
  hasSecret,
  type PartnerSettings,
} from './partner-settings.js';

/** A partner after a change. */
export interface Registration {
  readonly partner: Partner;
  /** The new secret, which is stored only as a fingerprint; `null` where none was made. */
  readonly secret: string | null;
}

/** Registers, changes and deletes partners. Each change and its event are one transaction. */
@Injectable()
export class PartnerRegistration {
  constructor(
    private readonly database: Database,
    private readonly events: EventLog,
    private readonly apps: WeChatApps,
    private readonly clock: Clock,
  ) {}

  /** @throws AppError VALIDATION_FAILED */
  async create(given: GivenSettings, actor: Actor): Promise<Registration> {
    const settings = this.apply(DEFAULT_SETTINGS, given);
    const secret = hasSecret(settings) ? freshSecret() : null;
    const now = this.clock.now();
    const partner: Partner = {
      ...settings,
      id: freshId(),
      secretHash: secret === null ? null : fingerprint(secret),
      createdAt: now,
      updatedAt: now,
    };
    await this.database.batch([
      {
        sql: `INSERT INTO partners (id, ${SETTING_COLUMNS.join(', ')}, created_at, updated_at)
              VALUES (${placeholders(SETTING_COLUMNS.length + 3)})`,
        parameters: [partner.id, ...toColumns(partner), toSqlTime(now), toSqlTime(now)],
      },
      this.event('partner.created', partner.id, actor),
    ]);
    return { partner, secret };
  }

  /**
   * Changes the settings that are given. A method that needs a secret makes one where there was none; one
   * that needs none removes it.
   * @throws AppError NOT_FOUND, VALIDATION_FAILED
   */
  change(id: string, given: GivenSettings, actor: Actor): Promise<Registration> {
    return this.locked(id, async (manager, partner) => {
      const settings = this.apply(partner, given);
      const changed = SETTING_NAMES.filter(
        (name) => JSON.stringify(settings[name]) !== JSON.stringify(partner[name]),
      );
      if (changed.length === 0) return { partner, secret: null };
      const secret = hasSecret(settings) && partner.secretHash === null ? freshSecret() : null;
      const kept = hasSecret(settings) ? partner.secretHash : null;
      const after: Partner = {
        ...partner,
        ...settings,
        secretHash: secret === null ? kept : fingerprint(secret),
        updatedAt: this.clock.now(),
      };
      await execute(
        manager,
        {
          sql: `UPDATE partners SET ${SETTING_COLUMNS.map((name) => `${name} = ?`).join(', ')}, updated_at = ? WHERE id = ?`,
          parameters: [...toColumns(after), toSqlTime(after.updatedAt), id],
        },
        this.event('partner.changed', id, actor, { changed }),
      );
      return { partner: after, secret };
    });
  }

  /**
   * Replaces the secret. The old one is invalid from now on.
   * @throws AppError NOT_FOUND; VALIDATION_FAILED for a method without a secret
   */
  rotateSecret(id: string, actor: Actor): Promise<Registration> {
    return this.locked(id, async (manager, partner) => {
      if (!hasSecret(partner)) {
        const message = `the partner has the authMethod ${partner.authMethod}, which needs no secret`;
        throw new AppError('VALIDATION_FAILED', { errors: [{ field: 'authMethod', message }] });
      }
      const secret = freshSecret();
      const after = { ...partner, secretHash: fingerprint(secret), updatedAt: this.clock.now() };
      await execute(
        manager,
        {
          sql: 'UPDATE partners SET secret_hash = ?, updated_at = ? WHERE id = ?',
          parameters: [after.secretHash, toSqlTime(after.updatedAt), id],
        },
        this.event('partner.secret_rotated', id, actor),
      );
      return { partner: after, secret };
    });
  }

  /**
   * Deletes a partner: nobody can use it from now on. `PartnerRemoval` deletes its rows.
   * @throws AppError NOT_FOUND
   */
  delete(id: string, actor: Actor): Promise<void> {
    return this.locked(id, (manager) =>
      execute(
        manager,
        {
          sql: 'UPDATE partners SET deleted_at = ?, secret_hash = NULL WHERE id = ?',
          parameters: [toSqlTime(this.clock.now()), id],
        },
        this.event('partner.deleted', id, actor),
      ),
    );
  }

  private apply(current: PartnerSettings, given: GivenSettings): PartnerSettings {
    return applySettings(current, given, (appId) => this.apps.kindOf(appId) !== null);
  }

  private async locked<T>(
    id: string,
    work: (manager: EntityManager, partner: Partner) => Promise<T>,
  ): Promise<T> {
    if (!isId(id)) throw notFound();
    return this.database.transaction(async (manager) => {
      const [row] = await manager.query<SelectedRow[]>(
        `SELECT ${PARTNER_COLUMNS} FROM partners p
         WHERE p.id = ? AND p.deleted_at IS NULL${this.database.forUpdate}`,
        [id],
      );
      if (!row) throw notFound();
      return work(manager, toPartner(row));
    });
  }

  private event(
    type: 'partner.created' | 'partner.changed' | 'partner.secret_rotated' | 'partner.deleted',
    partnerId: string,
    actor: Actor,
    details: Readonly<Record<string, readonly string[]>> = {},
  ) {
    return this.events.entry({ type, userId: null, actor, details: { partnerId, ...details } });
  }
}

const SETTING_NAMES = Object.keys(DEFAULT_SETTINGS) as (keyof PartnerSettings)[];

/** There is no such partner. */
export function notFound(): AppError {
  return new AppError('NOT_FOUND', { detail: 'There is no such partner.' });
}
