import { Module } from '@nestjs/common';
import { AppConfig } from '../config/app-config.js';
import { AvatarFetcher } from './avatar-fetcher.js';
import { AvatarSource } from './avatar-source.js';
import { AvatarStore } from './avatar-store.js';
import { DiskAvatarStore } from './disk-avatar-store.js';
import { S3AvatarStore } from './s3-avatar-store.js';

/** Pictures of people: fetching, encoding, storage. */
@Module({
  providers: [
    AvatarSource,
    {
      provide: AvatarFetcher,
      inject: [AvatarSource, AppConfig],
      useFactory: (source: AvatarSource, { proxy }: AppConfig) => new AvatarFetcher(source, { proxy }),
    },
    {
      provide: AvatarStore,
      inject: [AppConfig],
      useFactory: ({ avatarStore }: AppConfig): AvatarStore =>
        avatarStore.type === 'disk'
          ? new DiskAvatarStore(avatarStore.folder)
          : new S3AvatarStore(avatarStore),
    },
  ],
  exports: [AvatarSource, AvatarFetcher, AvatarStore],
})
export class AvatarModule {}
