import { describe, expect, test } from '@jest/globals';
import sharp, { type Sharp } from 'sharp';
import { encodeAvatar } from '../../src/avatar/avatar-encoder.js';

/** Red on the left, blue on the right. */
function twoColours(width: number, height: number): Sharp {
  const half = { create: { width: width / 2, height, channels: 3, background: '#0000ff' } } as const;
  return sharp({ create: { width, height, channels: 3, background: '#ff0000' } }).composite([
    { input: half, left: width / 2, top: 0 },
  ]);
}

async function pixel(bytes: Buffer, x: number, y: number): Promise<number[]> {
  const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
  const at = (y * info.width + x) * info.channels;
  return [...data.subarray(at, at + 3)];
}

const isRed = ([red = 0, , blue = 0]: number[]) => red > 200 && blue < 60;
const isBlue = ([red = 0, , blue = 0]: number[]) => red < 60 && blue > 200;

describe('a picture becomes a square WebP in two sizes', () => {
  test.each(['jpeg', 'png', 'webp', 'gif'] as const)('from %s', async (format) => {
    const encoded = await encodeAvatar(await twoColours(300, 200).toFormat(format).toBuffer());
    expect(encoded.map(({ size }) => size)).toEqual([640, 132]);
    for (const { size, bytes } of encoded) {
      expect(await sharp(bytes).metadata()).toMatchObject({ format: 'webp', width: size, height: size });
      expect(isRed(await pixel(bytes, 4, 4))).toBe(true);
      expect(isBlue(await pixel(bytes, size - 5, size - 5))).toBe(true);
    }
  });

  test('upright, as its orientation says, and with no metadata left', async () => {
    // EXIF orientation 6: the right side of the stored picture is the bottom of the displayed one.
    const turned = await twoColours(200, 200)
      .withMetadata({ orientation: 6 })
      .withExifMerge({ IFD0: { Copyright: 'somebody', Artist: 'somewhere' } })
      .jpeg()
      .toBuffer();
    const [large] = await encodeAvatar(turned);
    if (!large) throw new Error('nothing was made');
    expect(isRed(await pixel(large.bytes, 600, 20))).toBe(true);
    expect(isBlue(await pixel(large.bytes, 20, 620))).toBe(true);
    const { exif, icc, xmp, orientation } = await sharp(large.bytes).metadata();
    expect([exif, icc, xmp, orientation]).toEqual([undefined, undefined, undefined, undefined]);
  });

  test('one pixel, grey, or with transparency is a picture, too', async () => {
    const one = await sharp({ create: { width: 1, height: 1, channels: 3, background: '#ff0000' } })
      .greyscale()
      .png()
      .toBuffer();
    const clear = await sharp({ create: { width: 9, height: 3, channels: 4, background: '#ff000080' } })
      .png()
      .toBuffer();
    for (const picture of [one, clear]) expect(await encodeAvatar(picture)).toHaveLength(2);
  });
});

describe('what is no picture is refused', () => {
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>';
  const refused = (bytes: Buffer) =>
    expect(encodeAvatar(bytes)).rejects.toMatchObject({ reason: 'content', permanent: true });

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['HTML', Buffer.from('<!doctype html><img src=x onerror=alert(1)>')],
    ['SVG', Buffer.from(svg)],
    ['SVG with a declaration', Buffer.from(`<?xml version="1.0"?>${svg}`)],
    ['a PDF', Buffer.from('%PDF-1.7\n%%EOF')],
    ['the beginning of a PNG, and then something else', Buffer.from('\x89PNG\r\n\x1a\n<svg/>', 'latin1')],
    ['the beginning of a GIF, and then a script', Buffer.from('GIF89a/*')],
    ['the beginning of a WebP', Buffer.from('RIFF\x00\x00\x00\x00WEBPVP8 ', 'latin1')],
  ])('%s', (_name, bytes) => refused(bytes));

  test('a kind of picture that is not on the list', async () => {
    await refused(await twoColours(20, 20).tiff().toBuffer());
    await refused(await twoColours(20, 20).avif().toBuffer());
  });

  test('a JPEG that was cut off', async () => {
    const whole = await twoColours(300, 300).jpeg().toBuffer();
    await refused(whole.subarray(0, whole.length / 2));
  });

  test('a moving picture', async () => {
    const frames = await Promise.all(
      ['#ff0000', '#0000ff'].map((background) =>
        sharp({ create: { width: 50, height: 50, channels: 3, background } })
          .png()
          .toBuffer(),
      ),
    );
    const moving = sharp(frames, { join: { animated: true } });
    await refused(await moving.clone().gif().toBuffer());
    await refused(await moving.clone().webp().toBuffer());
  });

  const plain = (edge: number) =>
    sharp({ create: { width: edge, height: edge, channels: 3, background: '#808' } });

  test('what costs much to decode: 16 bits, and many pixels that a decoder keeps whole', async () => {
    await refused(await plain(300).toColourspace('rgb16').png({ progressive: true }).toBuffer());
    for (const format of ['png', 'webp'] as const)
      await refused(await plain(3_000).toFormat(format).toBuffer());
    await refused(await plain(3_000).png({ progressive: true }).toBuffer());
    await refused(await plain(3_000).jpeg({ progressive: true }).toBuffer());
    expect(await encodeAvatar(await plain(3_000).jpeg().toBuffer())).toHaveLength(2);
  });

  test('a copy from WeChat of a few pixels, which stands for a picture', async () => {
    const dot = await plain(1).gif().toBuffer();
    await expect(encodeAvatar(dot, 'wechat')).rejects.toMatchObject({ reason: 'content' });
    expect(await encodeAvatar(dot)).toHaveLength(2);
  });

  test('a bomb: few bytes, a hundred million pixels', async () => {
    const bomb = await sharp({ create: { width: 10_000, height: 10_000, channels: 3, background: '#fff' } })
      .png({ compressionLevel: 9 })
      .toBuffer();
    expect(bomb.length).toBeLessThan(2 * 1024 * 1024);
    await refused(bomb);
  });
});
