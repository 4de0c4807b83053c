import { Column, Entity, Index, PrimaryColumn, Unique } from 'typeorm';

/** A push that a receiver has not taken yet. Delivery deletes the row. */
@Entity('relayed_pushes')
@Unique('uq_relayed_pushes_receiver_push', ['receiver', 'pushKey'])
@Index('ix_relayed_pushes_receiver_person', ['receiver', 'person', 'id'])
export class RelayedPush {
  /** UUIDv7, made when the push arrived: ids sort by the order of arrival. */
  @PrimaryColumn({ type: 'varchar', length: 36 })
  id!: string;

  @Column({ type: 'varchar', length: 43 })
  receiver!: string;

  @Column({ type: 'varchar', length: 43 })
  person!: string;

  /** Fingerprint of what identifies the push over WeChat's repeats. */
  @Column({ name: 'push_key', type: 'varchar', length: 43 })
  pushKey!: string;

  /** How often WeChat has sent it without an answer. */
  @Column({ type: 'integer' })
  tries!: number;

  /** Query, content type and body, sealed by the key ring. */
  @Column({ type: 'text' })
  sealed!: string;

  @Column({ name: 'received_at', type: 'datetime', precision: 3 })
  receivedAt!: Date;
}
