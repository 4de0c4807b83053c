import { afterEach, describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { PictureProcess } from '../../src/avatar/picture-process.js';
import { Slots } from '../../src/avatar/slots.js';
import { pictureProgram } from '../harness/picture-programs.js';

function picture(edge: number): Promise<Buffer> {
  return sharp({ create: { width: edge, height: edge, channels: 3, background: '#336699' } })
    .png()
    .toBuffer();
}

describe('many pictures at once', () => {
  let pictures: PictureProcess;
  afterEach(() => pictures.onApplicationShutdown());

  test('two are taken, a few wait, the rest is told to come again', async () => {
    pictures = new PictureProcess(pictureProgram, { sandboxOrigin: null, proxy: null });
    const large = await picture(2_000);
    const outcomes = await Promise.allSettled(Array.from({ length: 30 }, () => pictures.encode(large)));
    const refused = outcomes.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(30 - 18);
    for (const outcome of refused) {
      expect(outcome).toMatchObject({ reason: { reason: 'busy', permanent: false } });
    }
    expect(await pictures.encode(large)).toHaveLength(2);
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
