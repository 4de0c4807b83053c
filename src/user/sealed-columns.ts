import { decided, type Decided } from '../database/columns.js';
import { IDENTITY_COLUMNS } from './wechat-identity.entity.js';

/** A column of `wechat_identities` whose values are sealed under ENCRYPTION_KEYS. */
export type SealedColumn = Decided<typeof IDENTITY_COLUMNS, 'sealed'>;

export const SEALED_COLUMNS: readonly SealedColumn[] = decided(IDENTITY_COLUMNS, 'sealed');

/** What stands behind SELECT to read all of them. */
export const ALL_SEALED_COLUMNS = SEALED_COLUMNS.join(', ');

/** What a sealed value is bound to (`KeyRing.seal`): it opens for this column of this identity only. */
export function sealingPlace(column: SealedColumn, identityId: string): string {
  return `wechat_identities.${IDENTITY_COLUMNS[column].sealed}:${identityId}`;
}
