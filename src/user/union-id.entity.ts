import { Column, Entity, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import type { ColumnTable } from '../database/columns.js';
import { User } from './user.entity.js';

/**
 * A WeChat account as all apps of one Open Platform account see it. The primary key ensures that it has one
 * user.
 */
@Entity('union_ids')
export class UnionId {
  @PrimaryColumn({ name: 'union_id', type: 'varchar', length: 64 })
  unionId!: string;

  @Column({ name: 'user_id', type: 'varchar', length: 36 })
  userId!: string;

  @ManyToOne(() => User, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'user_id' })
  user?: User;
}

/** The rules of a column of `union_ids`. The row is deleted with its user, or with its last identity. */
interface UnionIdColumn {
  /** `move`: it gets the survivor's id. `keep`: unchanged. */
  readonly merge: 'keep' | 'move';
  /** Name in the identities of an export. */
  readonly exported: string | null;
  /** Whether the operators' search finds the user by the `whole` value. */
  readonly searched: 'whole' | null;
}

/** The rules of each column. `test/e2e/columns.e2e.ts` compares them with the behaviour. */
export const UNION_ID_COLUMNS = {
  union_id: { merge: 'keep', exported: 'unionId', searched: 'whole' },
  user_id: { merge: 'move', exported: null, searched: null },
} as const satisfies ColumnTable<UnionId, UnionIdColumn>;
