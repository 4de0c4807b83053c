import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The row that readiness checks write. It has no other use. */
@Entity('readiness')
export class ReadinessRow {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Column({ name: 'written_at', type: 'datetime', precision: 3 })
  writtenAt!: Date;

  /** Makes the write so large that the table needs new space. */
  @Column({ type: 'text', nullable: true })
  padding!: string | null;
}
