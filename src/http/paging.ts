import { Injectable } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import { KeyRing } from '../crypto/key-ring.js';
import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, Min } from 'class-validator';

const MAC_LABEL = 'cursor';
const CURSOR_PATTERN = /^([A-Za-z0-9_-]{1,86})\.([A-Za-z0-9_-]{43})$/;

/** Identifies a list. The same list with other filters is a different list. */
export interface ListScope {
  readonly list: string;
  readonly filters: Readonly<Record<string, string | null>>;
}

/** One page of a list, newest first. */
export interface Page<Item> {
  readonly items: Item[];
  /** Cursor of the next page; `null` on the last page. */
  readonly nextCursor: string | null;
}

/**
 * Cursors: the last id of a page with a MAC over the id, the list and its filters. A cursor that was not
 * issued here, or for another list or other filters, is refused.
 */
@Injectable()
export class Cursors {
  constructor(private readonly keyRing: KeyRing) {}

  /** The cursor of the page that follows an item. */
  issue(scope: ListScope, lastId: string): string {
    const encodedId = Buffer.from(lastId).toString('base64url');
    return `${encodedId}.${this.keyRing.mac(MAC_LABEL, message(scope, encodedId))}`;
  }

  /**
   * The last id of the previous page; `null` for the first page.
   * @throws AppError CURSOR_INVALID
   */
  read(scope: ListScope, cursor: string | undefined): string | null {
    if (cursor === undefined) return null;
    const [, encodedId, mac] = CURSOR_PATTERN.exec(cursor) ?? [];
    if (!encodedId || !mac || !this.keyRing.verifyMac(MAC_LABEL, message(scope, encodedId), mac)) {
      throw new AppError('CURSOR_INVALID');
    }
    return Buffer.from(encodedId, 'base64url').toString();
  }

  /**
   * Builds a page.
   * @param rows one row more than the limit if there are more; `id` is the row's position in the list, at
   * most 64 bytes
   */
  page<Row extends { readonly id: string }>(
    scope: ListScope,
    rows: readonly Row[],
    limit: number,
  ): Page<Row> {
    const items = rows.slice(0, limit);
    const last = items.at(-1);
    return { items, nextCursor: rows.length > limit && last ? this.issue(scope, last.id) : null };
  }
}

function message({ list, filters }: ListScope, encodedId: string): string {
  const entries = Object.entries(filters).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([list, entries, encodedId]);
}

/** Query parameters of a list. */
export class PageQuery {
  @ApiProperty({
    required: false,
    example: 'MDE5M2E1ZjAtN2MxZS03ZDNiLTlhNGUtM2YwYzViMWQyZTRm.3lVYHn0mJ0yJ1t2C9c1m8uM0j6d7o1b5s4rQxq2kzSg',
    description: 'nextCursor of the page before, with the same filters; absent for the first page.',
  })
  @IsOptional()
  @IsString()
  cursor?: string;

  @ApiProperty({
    description: 'Entries of one page.',
    required: false,
    type: 'integer',
    minimum: 1,
    maximum: 100,
    default: 20,
    example: 20,
  })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(100)
  limit = 20;
}

/** The same for lists of a person's own account. Most of them fit on one page. */
export class AccountPageQuery extends PageQuery {
  @ApiProperty({
    description: 'Entries of one page.',
    required: false,
    type: 'integer',
    minimum: 1,
    maximum: 100,
    default: 100,
    example: 100,
  })
  override limit = 100;
}
