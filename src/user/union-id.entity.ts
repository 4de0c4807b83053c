import { Column, Entity, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import type { ColumnTable } from '../database/columns.js';
import { User } from './user.entity.js';

/** A WeChat account as all apps of one Open Platform account see it. By its primary key it has one user. */
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

/** What has to be decided about a column of `union_ids`. The row goes with its user, or with its last identity. */
interface UnionIdColumn {
  /** `move`: it names the survivor. `keep`: as it was. */
  readonly merge: 'keep' | 'move';
  /** Name in the identities of an export. */
  readonly exported: string | null;
  /** Whether the operators' search finds the user by the `whole` value. */
  readonly searched: 'whole' | null;
}

/** What becomes of each column. `test/e2e/columns.e2e.ts` compares what happens with what stands here. */
export const UNION_ID_COLUMNS = {
  union_id: { merge: 'keep', exported: 'unionId', searched: 'whole' },
  user_id: { merge: 'move', exported: null, searched: null },
} as const satisfies ColumnTable<UnionId, UnionIdColumn>;
