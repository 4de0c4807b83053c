import { decided, type Decided } from '../database/columns.js';
import { IDENTITY_COLUMNS } from './wechat-identity.entity.js';

/** A column of `wechat_identities` whose values are encrypted with ENCRYPTION_KEYS. */
export type SealedColumn = Decided<typeof IDENTITY_COLUMNS, 'sealed'>;

export const SEALED_COLUMNS: readonly SealedColumn[] = decided(IDENTITY_COLUMNS, 'sealed');

/** The column list of a SELECT that reads all of them. */
export const ALL_SEALED_COLUMNS = SEALED_COLUMNS.join(', ');

/**
 * The context that an encrypted value is bound to (`KeyRing.seal`): it decrypts only for this column of this
 * identity.
 */
export function sealingContext(column: SealedColumn, identityId: string): string {
  return `wechat_identities.${IDENTITY_COLUMNS[column].sealed}:${identityId}`;
}
