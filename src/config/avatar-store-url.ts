import { baseUrl, parseUrl, SettingFault } from './parsers.js';

/** Where copies of avatars stand. */
export type AvatarStoreConfig =
  | { readonly type: 'disk'; readonly folder: string }
  | {
      readonly type: 's3';
      readonly bucket: string;
      /** `null`: Amazon's own, by region. */
      readonly endpoint: string | null;
      readonly region: string;
      /** Whether the bucket stands in the host name or in the path. */
      readonly style: 'virtual' | 'path';
      readonly accessKeyId: string;
      readonly secretAccessKey: string;
    };

/** Object stores that want the bucket in the host name: Aliyun OSS, Tencent COS, Huawei OBS, Amazon. */
const VIRTUAL_HOSTS = /\.(aliyuncs\.com|myqcloud\.com|myhuaweicloud\.com|amazonaws\.com(\.cn)?)$/;

/** Where a bucket is, and whether its name stands in the host name or in the path. */
export interface BucketAddress {
  readonly type: 's3';
  readonly bucket: string;
  /** `null` is Amazon's own. */
  readonly endpoint: string | null;
  readonly region: string;
  readonly style: 'virtual' | 'path';
}

/** `disk:folder` or `s3://bucket?endpoint=https://…&region=…&style=virtual|path`. */
export function avatarStore(value: string): { type: 'disk'; folder: string } | BucketAddress {
  if (value.startsWith('disk:')) {
    const folder = value.slice('disk:'.length);
    if (folder === '') throw new SettingFault('must name a folder after disk:');
    return { type: 'disk', folder };
  }
  const url = parseUrl(value);
  const { bucket } =
    /^s3:\/\/(?<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/?(\?.*)?$/.exec(value)?.groups ?? {};
  if (
    !url ||
    !bucket ||
    [...url.searchParams.keys()].some((name) => !['endpoint', 'region', 'style'].includes(name))
  ) {
    throw new SettingFault(
      'must be disk:folder or s3://bucket?endpoint=https://host&region=name&style=virtual|path',
    );
  }
  const region = url.searchParams.get('region') ?? 'us-east-1';
  if (!/^[a-z0-9-]{1,64}$/.test(region)) throw new SettingFault('must have a region of a-z, 0-9 and -');
  const endpoint = bucketEndpoint(url.searchParams.get('endpoint'), bucket);
  return {
    type: 's3',
    bucket,
    endpoint,
    region,
    style: bucketStyle(url.searchParams.get('style'), endpoint),
  };
}

/** Consoles show the address of a bucket with its name in it: the endpoint is what follows. */
function bucketEndpoint(value: string | null, bucket: string): string | null {
  if (value === null) return null;
  const endpoint = new URL(baseUrl(value));
  const inHost = `${bucket}.`;
  if (VIRTUAL_HOSTS.test(endpoint.hostname) && endpoint.hostname.startsWith(inHost)) {
    endpoint.hostname = endpoint.hostname.slice(inHost.length);
  }
  return baseUrl(endpoint.href);
}

function bucketStyle(value: string | null, endpoint: string | null): 'virtual' | 'path' {
  if (value === 'virtual' || value === 'path') return value;
  if (value !== null) throw new SettingFault('must have style=virtual or style=path');
  return endpoint === null || VIRTUAL_HOSTS.test(new URL(endpoint).hostname) ? 'virtual' : 'path';
}
