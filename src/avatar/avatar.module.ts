import { type DynamicModule, Module } from '@nestjs/common';
import { AppConfig } from '../config/app-config.js';
import { AvatarSource, sandboxOrigin } from './avatar-source.js';
import { AvatarStore } from './avatar-store.js';
import { DiskAvatarStore } from './disk-avatar-store.js';
import { PictureProcess } from './picture-process.js';
import { PictureProgram } from './picture-program.js';
import { S3AvatarStore } from './s3-avatar-store.js';

/** Pictures of people: fetching, encoding, storage. */
@Module({})
export class AvatarModule {
  /** @param program a test may bring another one */
  static forRoot(program = new PictureProgram()): DynamicModule {
    return {
      module: AvatarModule,
      global: true,
      providers: [
        {
          provide: AvatarSource,
          inject: [AppConfig],
          useFactory: (config: AppConfig) => new AvatarSource(sandboxOrigin(config)),
        },
        {
          provide: PictureProcess,
          inject: [AppConfig],
          useFactory: (config: AppConfig) =>
            new PictureProcess(program, { sandboxOrigin: sandboxOrigin(config), proxy: config.proxy }),
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
      exports: [AvatarSource, PictureProcess, AvatarStore],
    };
  }
}
