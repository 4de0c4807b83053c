import type { ConsentItem } from '../channel/app-kinds.js';
import type { ColumnName, ColumnProperty, SnakeCase } from '../database/columns.js';

/** What somebody sees of a column. Names are those of the reply; `null`: it is not in there. */
interface Disclosure {
  /** Read with each login, refresh and token check. What the person is shown has to be. */
  readonly loaded: boolean;
  /** In the replies for the person. */
  readonly person: string | null;
  /** In the replies for operators. */
  readonly operators: string | null;
  /** In an export. */
  readonly exported: string | null;
  /**
   * How the operators' search finds users by it: the `whole` value, the `beginning` of it, a `filter` beside what is
   * searched for.
   */
  readonly searched: 'whole' | 'beginning' | 'filter' | null;
}

/**
 * What is left of a value when the person leaves, or the account is deleted. The row goes in any case. `picture`: the
 * value names a stored picture, which is deleted wherever the value is dropped. `event`: events may keep it.
 */
type Deletion = 'nothing' | 'nothing, picture too' | 'event';

/** A rule for values that can be absent. */
type IfNullable<Value, Rule> = null extends Value ? Rule : never;

/** The value shares the fate of another column's value: it describes that one. */
interface SameAs<Name> {
  readonly sameAs: Name;
}

/**
 * What a merge does with a column of the two users, of whom the older one survives.
 * - `keep`: both rows keep what they have. The survivor's `created_at` is the older one.
 * - `fill`: the survivor gets the value where it has none. The merged row is emptied.
 * - `disabled wins`: the survivor is disabled where one of them was. The merged row is `merged`.
 * - `point`: the merged row names the survivor.
 * - `now`: both rows get the time of the merge.
 */
export type UserMergeRule<Value, Name extends string> =
  'keep' | 'disabled wins' | 'now' | IfNullable<Value, 'point' | 'fill' | SameAs<Name>>;

/**
 * The consent that covers a column; it is emptied when that consent is withdrawn. `source` is the column that says
 * whether WeChat or the person gave the value; `null` where it can only come from WeChat.
 */
export type ConsentRule<Name extends string> =
  { readonly item: ConsentItem; readonly source: Name | null } | SameAs<Name>;

/** What has to be decided about a column of `users`. */
export interface UserColumn<Value, Name extends string> extends Disclosure {
  readonly merge: UserMergeRule<Value, Name>;
  /** `null`: no withdrawn consent changes it. */
  readonly consent: IfNullable<Value, ConsentRule<Name>> | null;
  readonly deletion: Deletion;
}

/** What has to be decided about a column of `wechat_identities`. */
export interface IdentityColumn<Value, Name extends string> extends Disclosure {
  /** `move`: it names the survivor. `keep`: as it was. */
  readonly merge: 'keep' | 'move';
  /** `everything`: emptied when all of an app's consent is withdrawn. */
  readonly consent: IfNullable<Value, 'everything'> | null;
  /** The same when the identity alone goes, by unlinking or because its WeChat account was closed. */
  readonly deletion: Deletion;
  /** The column for which the value was sealed under ENCRYPTION_KEYS; `null` for a value in clear. */
  readonly sealed: Name | null;
}

/** A decision about each column of `users`. */
export type UserColumns<Entity> = {
  readonly [P in ColumnProperty<Entity> as SnakeCase<P>]: UserColumn<Entity[P], ColumnName<Entity>>;
};

/** A decision about each column of `wechat_identities`. */
export type IdentityColumns<Entity> = {
  readonly [P in ColumnProperty<Entity> as SnakeCase<P>]: IdentityColumn<Entity[P], ColumnName<Entity>>;
};
