import { decided, type Decided } from '../database/columns.js';
import type { ConsentItem } from '../channel/app-kinds.js';
import { USER_COLUMNS } from './user.entity.js';
import { IDENTITY_COLUMNS } from './wechat-identity.entity.js';

/** Parts of statements that follow from the column rules. They are built once, when the module is loaded. */

type UserColumnName = keyof typeof USER_COLUMNS;

/** A column of `users` that a merge may change. */
export type MergedColumn = {
  [Name in UserColumnName]: (typeof USER_COLUMNS)[Name]['merge'] extends 'keep' ? never : Name;
}[UserColumnName];

/** All columns that a merge may change, in the order of the table. */
export const MERGED_COLUMNS = (Object.keys(USER_COLUMNS) as UserColumnName[]).filter(
  (name): name is MergedColumn => USER_COLUMNS[name].merge !== 'keep',
);

/** The column list of a SELECT that reads all of `users`. */
export const ALL_USER_COLUMNS = Object.keys(USER_COLUMNS).join(', ');

/** The SET clause that assigns each of `MERGED_COLUMNS`. */
export const MERGE_ASSIGNMENTS = MERGED_COLUMNS.map((name) => `${name} = ?`).join(', ');

/** A column of `users` that a consent covers. */
export type CoveredColumn = Decided<typeof USER_COLUMNS, 'consent'>;

const COVERED = decided(USER_COLUMNS, 'consent');

/** The column list of a SELECT that reads the covered columns of `users u`. */
export const COVERED_COLUMNS = COVERED.map((name) => `u.${name}`).join(', ');

/** A consent item and its columns. */
interface CoveredItem {
  readonly item: ConsentItem;
  /** The column of the value, and the column that says who set it. */
  readonly value: CoveredColumn;
  readonly source: CoveredColumn | null;
  /** All columns that are emptied with it. */
  readonly columns: readonly CoveredColumn[];
}

/** Each item of consent that covers a column, in the order of the table. */
export const COVERED_ITEMS: readonly CoveredItem[] = COVERED.flatMap((value) => {
  const rule = USER_COLUMNS[value].consent;
  if ('sameAs' in rule) return [];
  const followers = COVERED.filter((name) => {
    const other = USER_COLUMNS[name].consent;
    return 'sameAs' in other && other.sameAs === value;
  });
  return [{ item: rule.item, value, source: rule.source, columns: [value, ...followers] }];
});

/** The SET clause for a revocation of all consent of an app. Its parameter is the time. */
export const REVOKE_ASSIGNMENTS = [...decided(IDENTITY_COLUMNS, 'consent')]
  .sort((one, other) => Number(isTime(one)) - Number(isTime(other)))
  .map((name) => `${name} = ${isTime(name) ? '?' : 'NULL'}`)
  .join(', ');

function isTime(name: Decided<typeof IDENTITY_COLUMNS, 'consent'>): boolean {
  return IDENTITY_COLUMNS[name].consent === 'time';
}
