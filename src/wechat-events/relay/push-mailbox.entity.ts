import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** The pushes of one person that wait for one receiver, as one item of the queue: they go out one after another. */
@Entity('push_mailboxes')
@Index('ix_push_mailboxes_receiver_next_at', ['receiver', 'nextAt'])
export class PushMailbox {
  /** Fingerprint of app and URL. */
  @PrimaryColumn({ type: 'varchar', length: 43 })
  receiver!: string;

  /** Fingerprint of app and openid; of the push itself where it concerns nobody. */
  @PrimaryColumn({ type: 'varchar', length: 43 })
  person!: string;

  /** Since the last delivery. 0 only while nobody holds a lease. */
  @Column({ type: 'integer' })
  attempts!: number;

  /** When the next attempt is due; the end of the lease during an attempt. */
  @Column({ name: 'next_at', type: 'datetime', precision: 3 })
  nextAt!: Date;
}
