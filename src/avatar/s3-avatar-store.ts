import type { LookupFunction } from 'node:net';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { S3Client } from '@aws-sdk/client-s3';
import { lazyPackage } from '../common/lazy-package.js';
import type { AvatarStoreConfig } from '../config/app-config.js';
import { backgroundNames } from '../outgoing/host-names.js';
import { untilAborted } from '../outgoing/until-aborted.js';
import { AVATAR_SIZES, type AvatarSize } from './avatar-sizes.js';
import { avatarName, AvatarStore, storeUnavailable } from './avatar-store.js';

type S3Config = Extract<AvatarStoreConfig, { type: 's3' }>;
type S3 = typeof import('@aws-sdk/client-s3');

const PREFIX = 'avatars/';
const CONNECT_MS = 2_000;
const RESPONSE_MS = 4_000;
/**
 * Deadline of one call with its retry, up to the last byte (ms). The library has no limit for a body that
 * arrives slowly.
 */
const CALL_MS = 8_000;

/** Pictures in a bucket of Amazon S3 or a compatible service. The bucket may be private. */
export class S3AvatarStore extends AvatarStore {
  private readonly library = lazyPackage('@aws-sdk/client-s3') as () => S3;
  private opened: { readonly s3: S3; readonly client: S3Client } | null = null;

  /** @param lookup resolves host names; in virtual-hosted style each bucket has one */
  constructor(
    private readonly config: S3Config,
    private readonly lookup: LookupFunction = backgroundNames.lookup,
  ) {
    super();
  }

  async put(key: string, size: AvatarSize, bytes: Buffer): Promise<void> {
    const target = this.object(key, size);
    await this.call(({ s3, client }, { abortSignal }) =>
      client.send(new s3.PutObjectCommand({ ...target, Body: bytes, ContentType: 'image/webp' }), {
        abortSignal,
      }),
    );
  }

  async get(key: string, size: AvatarSize): Promise<Buffer | null> {
    const target = this.object(key, size);
    return this.call(async ({ s3, client }, { abortSignal }) => {
      try {
        const { Body } = await client.send(new s3.GetObjectCommand(target), { abortSignal });
        if (Body === undefined) return null;
        const stream = Body as Readable;
        const bytes = buffer(stream);
        return await untilAborted(bytes, abortSignal).finally(() => stream.destroy());
      } catch (error) {
        if (error instanceof s3.NoSuchKey) return null;
        throw error;
      }
    });
  }

  async delete(key: string): Promise<void> {
    const targets = AVATAR_SIZES.map((size) => this.object(key, size));
    await this.call(({ s3, client }, { abortSignal }) =>
      Promise.all(targets.map((target) => client.send(new s3.DeleteObjectCommand(target), { abortSignal }))),
    );
  }

  private object(key: string, size: AvatarSize): { Bucket: string; Key: string } {
    return { Bucket: this.config.bucket, Key: `${PREFIX}${avatarName(key, size)}` };
  }

  private async call<T>(
    work: (opened: { s3: S3; client: S3Client }, options: { abortSignal: AbortSignal }) => Promise<T>,
  ): Promise<T> {
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(new Error('the bucket did not answer in time')), CALL_MS);
    try {
      const opened = (this.opened ??= this.open());
      return await untilAborted(work(opened, { abortSignal: deadline.signal }), deadline.signal);
    } catch (error) {
      throw storeUnavailable(error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Loaded on first use: the library is large, and most installations store pictures on disk. */
  private open(): { readonly s3: S3; readonly client: S3Client } {
    const s3 = this.library();
    const { endpoint, region, style, accessKeyId, secretAccessKey } = this.config;
    const client = new s3.S3Client({
      region,
      credentials: { accessKeyId, secretAccessKey },
      ...(endpoint === null ? {} : { endpoint }),
      forcePathStyle: style === 'path',
      // Older S3-compatible stores refuse the newer checksums. The signature covers the body anyway.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      maxAttempts: 2,
      requestHandler: {
        connectionTimeout: CONNECT_MS,
        requestTimeout: RESPONSE_MS,
        throwOnRequestTimeout: true,
        httpAgent: { keepAlive: true, lookup: this.lookup },
        httpsAgent: { keepAlive: true, lookup: this.lookup },
      },
    });
    return { s3, client };
  }
}
