import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { AvatarStore } from '../../src/avatar/avatar-store.js';
import { DiskAvatarStore } from '../../src/avatar/disk-avatar-store.js';
import { S3AvatarStore } from '../../src/avatar/s3-avatar-store.js';
import { loadConfig } from '../../src/config/load-config.js';
import { lookupBy } from '../../src/outgoing/host-names.js';
import { drippingServer } from '../harness/black-hole.js';
import { S3_KEYS, S3StandIn } from '../harness/s3-stand-in.js';

const LARGE = Buffer.from('the large one');
const SMALL = Buffer.from('the small one');

/** The contract of every store. */
function keepsPictures(store: () => AvatarStore): void {
  test('what was put is there, in its size and no other', async () => {
    await store().put('abc1', 640, LARGE);
    expect(await store().get('abc1', 640)).toEqual(LARGE);
    expect(await store().get('abc1', 132)).toBeNull();
    await store().put('abc1', 132, SMALL);
    expect(await store().get('abc1', 132)).toEqual(SMALL);
    expect(await store().get('abc1', 640)).toEqual(LARGE);
  });

  test('what is unknown is null', async () => {
    expect(await store().get('unknown', 640)).toBeNull();
  });

  test('put again is no error, and twenty at once leave one whole picture', async () => {
    const bytes = Buffer.alloc(100_000, 7);
    await Promise.all(Array.from({ length: 20 }, () => store().put('again', 640, bytes)));
    expect(await store().get('again', 640)).toEqual(bytes);
  });

  test('a deletion takes all sizes, spares other keys, and may be repeated', async () => {
    await store().put('gone', 640, LARGE);
    await store().put('gone', 132, SMALL);
    await store().put('gone2', 640, LARGE);
    await store().delete('gone');
    await store().delete('gone');
    expect(await store().get('gone', 640)).toBeNull();
    expect(await store().get('gone', 132)).toBeNull();
    expect(await store().get('gone2', 640)).toEqual(LARGE);
  });

  test.each(['', '.', '..', '../up', 'a/b', 'a\\b', 'a.b', 'A', 'ä', 'a\0', '%2e%2e', 'x'.repeat(65)])(
    'the key %j leads nowhere',
    async (key) => {
      await expect(store().put(key, 640, LARGE)).rejects.toThrow(RangeError);
      await expect(store().get(key, 640)).rejects.toThrow(RangeError);
      await expect(store().delete(key)).rejects.toThrow(RangeError);
    },
  );
}

const UNAVAILABLE = { code: 'AVATAR_STORE_UNAVAILABLE', status: 503 };

describe('pictures on disk', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'avatar-store-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  keepsPictures(() => new DiskAvatarStore(join(folder, 'made', 'on', 'demand')));

  test('no draft stays behind', async () => {
    const names = await readdir(folder, { recursive: true });
    expect(names.filter((name) => name.includes('.webp'))).not.toHaveLength(0);
    expect(names.filter((name) => name.includes('.webp') && !name.endsWith('.webp'))).toEqual([]);
  });

  test('a folder that cannot be written to or read is said so', async () => {
    await writeFile(join(folder, 'file'), '');
    const store = new DiskAvatarStore(join(folder, 'file'));
    await expect(store.put('abc', 640, LARGE)).rejects.toMatchObject(UNAVAILABLE);
    await expect(store.get('abc', 640)).rejects.toMatchObject(UNAVAILABLE);
  });
});

describe('pictures in a bucket', () => {
  let s3: S3StandIn;
  let url: string;
  beforeAll(async () => {
    ({ s3, url } = await S3StandIn.listen('faces'));
  });
  afterAll(() => s3.close());

  const config = () => ({
    type: 's3' as const,
    bucket: 'faces',
    endpoint: url,
    region: 'cn-north-1',
    style: 'path' as const,
    ...S3_KEYS,
  });

  keepsPictures(() => new S3AvatarStore(config()));

  test('the bucket is in the path or in the host name, and the signature covers it', async () => {
    const local = lookupBy(() => Promise.resolve([{ address: '127.0.0.1', family: 4 }]));
    const port = new URL(url).port;
    for (const style of ['path', 'virtual'] as const) {
      const store = new S3AvatarStore({ ...config(), endpoint: `http://oss.example:${port}`, style }, local);
      await store.put(`styled${style}`, 132, SMALL);
      expect(await store.get(`styled${style}`, 132)).toEqual(SMALL);
    }
    const wire = s3.requests.filter(({ path }) => path.includes('styled'));
    expect(wire.map(({ host, path }) => `${host}${path}`)).toEqual([
      `oss.example:${port}/faces/avatars/styledpath.132.webp`,
      `oss.example:${port}/faces/avatars/styledpath.132.webp`,
      `faces.oss.example:${port}/avatars/styledvirtual.132.webp`,
      `faces.oss.example:${port}/avatars/styledvirtual.132.webp`,
    ]);
  });

  test('a body that drips is a bucket that is away, within 10 s', async () => {
    const dripping = await drippingServer();
    const store = new S3AvatarStore({ ...config(), endpoint: `http://127.0.0.1:${dripping.port}` });
    await expect(store.get('abc', 640)).rejects.toMatchObject(UNAVAILABLE);
    await dripping.close();
  });

  test('objects say that they are WebP', async () => {
    await new S3AvatarStore(config()).put('typed', 132, SMALL);
    expect(s3.objects.get('/faces/avatars/typed.132.webp')).toEqual({
      bytes: SMALL,
      contentType: 'image/webp',
    });
  });

  test('a wrong secret, a wrong bucket and a server that is away are said so', async () => {
    const wrong = [
      { ...config(), secretAccessKey: 'another' },
      { ...config(), bucket: 'another' },
      { ...config(), endpoint: 'http://127.0.0.1:1' },
    ];
    for (const each of wrong) {
      const store = new S3AvatarStore(each);
      await expect(store.put('refused', 640, LARGE)).rejects.toMatchObject(UNAVAILABLE);
      await expect(store.get('refused', 640)).rejects.toMatchObject(UNAVAILABLE);
      await expect(store.delete('refused')).rejects.toMatchObject(UNAVAILABLE);
    }
    expect([...s3.objects.keys()].filter((path) => path.includes('refused'))).toEqual([]);
  });
});

describe('the setting', () => {
  const load = (environment: Readonly<Record<string, string>>) =>
    loadConfig({ NODE_ENV: 'test', ENCRYPTION_KEYS: Buffer.alloc(32, 1).toString('base64'), ...environment })
      .avatarStore;
  const keys = { S3_ACCESS_KEY_ID: 'AKID', S3_SECRET_ACCESS_KEY: 'hush' };

  test('is a folder, a bucket of Amazon, or a bucket elsewhere', () => {
    expect(load({})).toEqual({ type: 'disk', folder: 'data/avatars' });
    expect(load({ AVATAR_STORE: 'disk:/var/lib/pictures' })).toEqual({
      type: 'disk',
      folder: '/var/lib/pictures',
    });
    const credentials = { accessKeyId: 'AKID', secretAccessKey: 'hush' };
    expect(load({ AVATAR_STORE: 's3://faces?region=eu-west-1', ...keys })).toEqual({
      type: 's3',
      bucket: 'faces',
      endpoint: null,
      region: 'eu-west-1',
      style: 'virtual',
      ...credentials,
    });
    expect(load({ AVATAR_STORE: 's3://faces/?endpoint=https://cos.example.com/', ...keys })).toEqual({
      type: 's3',
      bucket: 'faces',
      endpoint: 'https://cos.example.com',
      region: 'us-east-1',
      style: 'path',
      ...credentials,
    });
  });

  test.each([
    ['https://oss-cn-hangzhou.aliyuncs.com', 'virtual'],
    ['https://cos.ap-guangzhou.myqcloud.com', 'virtual'],
    ['https://obs.cn-north-4.myhuaweicloud.com', 'virtual'],
    ['https://s3.cn-north-1.amazonaws.com.cn', 'virtual'],
    ['https://minio.example.com', 'path'],
    ['https://aliyuncs.com.example.com', 'path'],
  ])('a bucket at %s stands in the %s unless the setting says otherwise', (endpoint, style) => {
    const at = (extra = '') =>
      load({ AVATAR_STORE: `s3://faces?endpoint=${encodeURIComponent(endpoint)}${extra}`, ...keys });
    expect(at()).toMatchObject({ endpoint, style });
    expect(at('&style=path')).toMatchObject({ style: 'path' });
    expect(at('&style=virtual')).toMatchObject({ style: 'virtual' });
  });

  test('an endpoint as consoles show it, with the bucket in it, is the endpoint without', () => {
    const store = load({
      AVATAR_STORE: 's3://faces?endpoint=https://faces.oss-cn-hangzhou.aliyuncs.com',
      ...keys,
    });
    expect(store).toMatchObject({ endpoint: 'https://oss-cn-hangzhou.aliyuncs.com', style: 'virtual' });
  });

  test.each([
    'disk:',
    'pictures',
    's3:',
    's3://',
    's3://UPPER',
    's3://faces/folder',
    's3://key:secret@faces',
    's3://faces?endpoint=ftp://x',
    's3://faces?endpoint=https://user:hush@x',
    's3://faces?region=a b',
    's3://faces?secret=hush',
    's3://faces?style=hush',
  ])('%s stops the start, and is not repeated', (value) => {
    const start = () => load({ AVATAR_STORE: value, ...keys });
    expect(start).toThrow(/AVATAR_STORE must/);
    expect(start).not.toThrow(/hush|UPPER|ftp/);
  });

  test('a bucket needs its keys; they may be mounted files', async () => {
    const AVATAR_STORE = 's3://faces';
    expect(() => load({ AVATAR_STORE, S3_ACCESS_KEY_ID: 'AKID' })).toThrow(
      /S3_SECRET_ACCESS_KEY must be set/,
    );
    const folder = await mkdtemp(join(tmpdir(), 'avatar-keys-'));
    const file = join(folder, 'secret');
    await writeFile(file, 'from a file\n');
    const store = load({ AVATAR_STORE, S3_ACCESS_KEY_ID: 'AKID', S3_SECRET_ACCESS_KEY_FILE: file });
    expect(store).toMatchObject({ secretAccessKey: 'from a file' });
    await rm(folder, { recursive: true });
  });
});

describe('WECHAT_VERIFY_FILES', () => {
  const load = (value: string) =>
    loadConfig({
      NODE_ENV: 'test',
      ENCRYPTION_KEYS: Buffer.alloc(32, 1).toString('base64'),
      WECHAT_VERIFY_FILES: value,
    }).wechat.verifyFiles;

  test('names files and their content', () => {
    expect(load('MP_verify_X1.txt,abc.txt:def')).toEqual([
      { name: 'MP_verify_X1.txt', content: 'X1' },
      { name: 'abc.txt', content: 'def' },
    ]);
  });

  test.each(['abc.txt', 'a/b.txt:x', '../x.txt:x', 'x.html:<b>', 'x.txt:', 'x.txt:a b', 'x.txt:1,x.txt:2'])(
    '%s stops the start',
    (value) => {
      expect(() => load(value)).toThrow(/WECHAT_VERIFY_FILES/);
    },
  );
});
