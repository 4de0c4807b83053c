import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Written by readiness checks, and of no other use. */
@Entity('readiness')
export class ReadinessRow {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Column({ name: 'written_at', type: 'datetime', precision: 3 })
  writtenAt!: Date;

  /** What makes a write large enough to need room of its own. */
  @Column({ type: 'text', nullable: true })
  padding!: string | null;
}
