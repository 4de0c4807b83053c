import type { ConsentItem } from '../channel/app-kinds.js';
import type { ColumnName, ColumnProperty, SnakeCase } from '../database/columns.js';

/** Who sees a column. The names are those in the reply; `null` if the reply lacks it. */
interface Disclosure {
  /** Read with each login, refresh and token check. Everything shown to the person must be loaded. */
  readonly loaded: boolean;
  /** In the replies for the person. */
  readonly person: string | null;
  /** In the replies for operators. */
  readonly operators: string | null;
  /** In an export. */
  readonly exported: string | null;
  /**
   * How the operators' search uses it: by its `whole` value, by its `beginning`, or as a `filter` of the
   * results.
   */
  readonly searched: 'whole' | 'beginning' | 'filter' | null;
}

/**
 * What remains of a value when the identity or the account is deleted. The row is always deleted. `picture`:
 * the value names a stored picture, which is deleted whenever the value is dropped. `event`: events may keep
 * it.
 */
type Deletion = 'nothing' | 'nothing, picture too' | 'event';

/** A rule for nullable values. */
type IfNullable<Value, Rule> = null extends Value ? Rule : never;

/** The value describes the value of another column and is treated together with it. */
interface SameAs<Name> {
  readonly sameAs: Name;
}

/**
 * What a merge does with a column of the two users. The older user survives.
 * - `keep`: both rows keep their value. The survivor's `created_at` is the older one.
 * - `fill`: the survivor gets the value if it has none. The merged row is emptied.
 * - `disabled wins`: the survivor is disabled if one of the two was. The merged row becomes `merged`.
 * - `point`: the merged row names the survivor.
 * - `now`: both rows get the time of the merge.
 */
export type UserMergeRule<Value, Name extends string> =
  'keep' | 'disabled wins' | 'now' | IfNullable<Value, 'point' | 'fill' | SameAs<Name>>;

/**
 * The consent that covers a column. Revoking it empties the column. `source` is the column that says whether
 * WeChat or the person set the value; `null` if only WeChat can.
 */
export type ConsentRule<Name extends string> =
  { readonly item: ConsentItem; readonly source: Name | null } | SameAs<Name>;

/** The rules of a column of `users`. */
export interface UserColumn<Value, Name extends string> extends Disclosure {
  readonly merge: UserMergeRule<Value, Name>;
  /** `null`: no revocation changes it. */
  readonly consent: IfNullable<Value, ConsentRule<Name>> | null;
  readonly deletion: Deletion;
}

/** The rules of a column of `wechat_identities`. */
export interface IdentityColumn<Value, Name extends string> extends Disclosure {
  /** `move`: it gets the survivor's id. `keep`: unchanged. */
  readonly merge: 'keep' | 'move';
  /** When all consent of an app is revoked: `everything` is emptied, and `time` gets the time of that. */
  readonly consent: IfNullable<Value, 'everything' | 'time'> | null;
  /**
   * As for users, and also when only the identity is deleted: by unlinking, or because its WeChat account was
   * closed.
   */
  readonly deletion: Deletion;
  /** The column that the value was encrypted for (ENCRYPTION_KEYS); `null` for a value in clear. */
  readonly sealed: Name | null;
}

/** The rules of each column of `users`. */
export type UserColumns<Entity> = {
  readonly [P in ColumnProperty<Entity> as SnakeCase<P>]: UserColumn<Entity[P], ColumnName<Entity>>;
};

/** The rules of each column of `wechat_identities`. */
export type IdentityColumns<Entity> = {
  readonly [P in ColumnProperty<Entity> as SnakeCase<P>]: IdentityColumn<Entity[P], ColumnName<Entity>>;
};
