import type { S3Client } from '@aws-sdk/client-s3';
import type { AvatarStoreConfig } from '../config/app-config.js';
import { AVATAR_SIZES, avatarName, type AvatarSize, AvatarStore, storeUnavailable } from './avatar-store.js';

type S3Config = Extract<AvatarStoreConfig, { type: 's3' }>;
type S3 = typeof import('@aws-sdk/client-s3');

const PREFIX = 'avatars/';
const CONNECT_MS = 2_000;
const ANSWER_MS = 4_000;

/** Pictures in a bucket of Amazon S3 or of anything that speaks like it. The bucket may be private. */
export class S3AvatarStore extends AvatarStore {
  private opened: Promise<{ s3: S3; client: S3Client }> | null = null;

  constructor(private readonly config: S3Config) {
    super();
  }

  async put(key: string, size: AvatarSize, bytes: Buffer): Promise<void> {
    const target = this.object(key, size);
    await this.reached(({ s3, client }) =>
      client.send(new s3.PutObjectCommand({ ...target, Body: bytes, ContentType: 'image/webp' })),
    );
  }

  async get(key: string, size: AvatarSize): Promise<Buffer | null> {
    const target = this.object(key, size);
    return this.reached(async ({ s3, client }) => {
      try {
        const { Body } = await client.send(new s3.GetObjectCommand(target));
        return Body ? Buffer.from(await Body.transformToByteArray()) : null;
      } catch (error) {
        if (error instanceof s3.NoSuchKey) return null;
        throw error;
      }
    });
  }

  async delete(key: string): Promise<void> {
    const targets = AVATAR_SIZES.map((size) => this.object(key, size));
    await this.reached(({ s3, client }) =>
      Promise.all(targets.map((target) => client.send(new s3.DeleteObjectCommand(target)))),
    );
  }

  private object(key: string, size: AvatarSize): { Bucket: string; Key: string } {
    return { Bucket: this.config.bucket, Key: `${PREFIX}${avatarName(key, size)}` };
  }

  private async reached<T>(work: (opened: { s3: S3; client: S3Client }) => Promise<T>): Promise<T> {
    try {
      return await work(await (this.opened ??= this.open()));
    } catch (error) {
      throw storeUnavailable(error);
    }
  }

  /** Loaded on first use: the library is large, and most installations keep their pictures on disk. */
  private async open(): Promise<{ s3: S3; client: S3Client }> {
    const s3 = await import('@aws-sdk/client-s3');
    const { endpoint, region, accessKeyId, secretAccessKey } = this.config;
    const client = new s3.S3Client({
      region,
      credentials: { accessKeyId, secretAccessKey },
      ...(endpoint === null ? {} : { endpoint, forcePathStyle: true }),
      // Newer checksums are refused by stores that are older than they are; the signature covers the body anyway.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      maxAttempts: 2,
      requestHandler: {
        connectionTimeout: CONNECT_MS,
        requestTimeout: ANSWER_MS,
        throwOnRequestTimeout: true,
      },
    });
    return { s3, client };
  }
}
