import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The place of a walk through a table. */
@Entity('table_walks')
export class TableWalk {
  @PrimaryColumn({ type: 'varchar', length: 64 })
  name!: string;

  /** Primary key of the last row of the last step; empty at the start. */
  @Column({ type: 'varchar', length: 36 })
  place!: string;

  /** End of the lease: no other instance continues the walk before. */
  @Column({ name: 'lease_until', type: 'datetime', precision: 3 })
  leaseUntil!: Date;

  /** When the walk last reached the end of the table; `null` during a walk. */
  @Column({ name: 'finished_at', type: 'datetime', precision: 3, nullable: true })
  finishedAt!: Date | null;
}
