import { Injectable } from '@nestjs/common';
import { isId } from '../../common/id.js';
import { Database } from '../../database/database.js';
import type { SelectedRow } from '../../database/columns.js';
import { type Partner, PARTNER_COLUMNS, toPartner } from './partner.js';

/** Sorts after every id, because ids are hexadecimal. */
const AFTER_ALL_IDS = 'g';

/** The partner apps that operators registered. */
@Injectable()
export class PartnerRegistry {
  constructor(private readonly database: Database) {}

  /**
   * Returns a partner by its `client_id`, read now; `null` if there is none, or it was deleted.
   * @throws AppError DATABASE_UNAVAILABLE
   */
  async find(id: string): Promise<Partner | null> {
    if (!isId(id)) return null;
    const [row] = await this.database.select<SelectedRow>(
      `SELECT ${PARTNER_COLUMNS} FROM partners p WHERE p.id = ? AND p.deleted_at IS NULL`,
      [id],
    );
    return row ? toPartner(row) : null;
  }

  /**
   * Returns a page of partners, the newest first.
   * @param before id of the last partner of the page before; `null` for the first page
   */
  async list(before: string | null, limit: number): Promise<Partner[]> {
    const rows = await this.database.select<SelectedRow>(
      `SELECT ${PARTNER_COLUMNS} FROM partners p
       WHERE p.id < ? AND p.deleted_at IS NULL ORDER BY p.id DESC LIMIT ?`,
      [before ?? AFTER_ALL_IDS, limit],
    );
    return rows.map(toPartner);
  }
}
