import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { PictureProcess } from '../../src/avatar/picture-process.js';
import { Slots } from '../../src/avatar/slots.js';
import { costlyPictureProgram, pictureProgram } from '../harness/picture-programs.js';

function picture(edge: number): Promise<Buffer> {
  return sharp({ create: { width: edge, height: edge, channels: 3, background: '#336699' } })
    .png()
    .toBuffer();
}

let pictures: PictureProcess;
afterEach(() => pictures.onApplicationShutdown());

test('a picture that takes too much of the processor is unusable', async () => {
  const large = await picture(2_800);
  const server = createServer((_request, response) => response.end(large)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    pictures = new PictureProcess(costlyPictureProgram, { sandboxOrigin: origin, proxy: null });
    const copy = pictures.copy(`${origin}/mmopen/vi_32/me/132`, new AbortController().signal);
    await expect(copy).rejects.toMatchObject({ reason: 'content', permanent: true });
  } finally {
    server.close();
  }
}, 30_000);

describe('many pictures at once', () => {
  test('two are taken, a few wait, the rest is told to come again', async () => {
    pictures = new PictureProcess(pictureProgram, { sandboxOrigin: null, proxy: null });
    const small = await picture(200);
    // A start takes a part of the time that uploads wait.
    await pictures.encode(small);
    const outcomes = await Promise.allSettled(Array.from({ length: 30 }, () => pictures.encode(small)));
    const refused = outcomes.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(30 - 18);
    for (const outcome of refused) {
      expect(outcome).toMatchObject({ reason: { reason: 'busy', permanent: false } });
    }
    expect(await pictures.encode(small)).toHaveLength(2);
  });

  test('a waiter that times out gets no slot, and takes none away', async () => {
    const slots = new Slots({ concurrency: 1, maxQueue: 5, timeoutMs: 50 }, () => new Error('full'));
    let finish = (): void => undefined;
    const first = slots.run(() => new Promise<void>((resolve) => (finish = resolve)));
    await expect(slots.run(() => Promise.resolve())).rejects.toThrow('full');
    finish();
    await first;
    expect(await slots.run(() => Promise.resolve('done'))).toBe('done');
    await expect(slots.run(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await slots.run(() => Promise.resolve('again'))).toBe('again');
  });
});
