import { Injectable } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import { KeyRing } from '../crypto/key-ring.js';
import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, Min } from 'class-validator';

const LABEL = 'cursor';
const FORM = /^([A-Za-z0-9_-]{1,86})\.([A-Za-z0-9_-]{43})$/;

/** A list as a client asked for it: another name or another filter is another list. */
export interface ListScope {
  readonly list: string;
  readonly filters: Readonly<Record<string, string | null>>;
}

/** One page of a list, the newest first. */
export interface Page<Item> {
  readonly items: Item[];
  /** Where the next page begins; `null` on the last one. */
  readonly nextCursor: string | null;
}

/**
 * Cursors: the id that a page ended with, under a mac over it and the list it belongs to. What was not issued here,
 * or for another list or other filters, is refused.
 */
@Injectable()
export class Cursors {
  constructor(private readonly keyRing: KeyRing) {}

  /** The cursor of the page after an item. */
  issue(scope: ListScope, lastId: string): string {
    const place = Buffer.from(lastId).toString('base64url');
    return `${place}.${this.keyRing.mac(LABEL, message(scope, place))}`;
  }

  /**
   * The id that the page before ended with; `null` for the first page.
   * @throws AppError CURSOR_INVALID
   */
  read(scope: ListScope, cursor: string | undefined): string | null {
    if (cursor === undefined) return null;
    const [, place, mac] = FORM.exec(cursor) ?? [];
    if (!place || !mac || !this.keyRing.verifyMac(LABEL, message(scope, place), mac)) {
      throw new AppError('CURSOR_INVALID');
    }
    return Buffer.from(place, 'base64url').toString();
  }

  /**
   * @param rows one more than the limit, where there are more; `id` is a row's place in the list, at most 64 bytes
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

function message({ list, filters }: ListScope, place: string): string {
  const entries = Object.entries(filters).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([list, entries, place]);
}

/** Which page of a list, and how long. */
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

/** The same for the lists of one's own account, which are short: most people's fit on one page. */
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
