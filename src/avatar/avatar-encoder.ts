import sharp from 'sharp';
import { AvatarFault } from './avatar-fault.js';
import { AVATAR_SIZES, type AvatarSize } from './avatar-store.js';
import { Slots } from './slots.js';

/** A picture in one of its sizes, as WebP. */
export interface EncodedAvatar {
  readonly size: AvatarSize;
  readonly bytes: Buffer;
}

/** For what is decoded piece by piece: a camera's JPEG, of which the decoder makes a small picture as it goes. */
const MAX_PIXELS = 24_000_000;
/** For what a decoder keeps whole: progressive and interlaced files, and every other kind. 32 MB of memory. */
const MAX_PIXELS_WHOLE = 8_000_000;
/** A picture of WeChat has 46 pixels or more; what is smaller stands for one. */
const SMALLEST_COPY = 16;
const MAX_SECONDS = 5;
const QUALITY = 82;

/** How the kinds that are taken begin. Nothing else reaches a decoder: SVG runs code, others are rarely looked after. */
const KINDS: Readonly<Record<string, (bytes: Buffer) => boolean>> = {
  jpeg: (bytes) => bytes.subarray(0, 3).equals(Buffer.from([0xff, 0xd8, 0xff])),
  png: (bytes) => bytes.subarray(0, 8).toString('latin1') === '\x89PNG\r\n\x1a\n',
  gif: (bytes) => /^GIF8[79]a$/.test(bytes.subarray(0, 6).toString('latin1')),
  webp: (bytes) => /^RIFF[^]{4}WEBP$/.test(bytes.subarray(0, 12).toString('latin1')),
};

/** Each takes about 100 ms of a core, and up to 32 MB. */
const decoding = new Slots({ atOnce: 2, waiting: 16, patience: 5_000 }, () => new AvatarFault('busy'));

// One thread for each of the two, and nothing kept of pictures that are seen once.
sharp.concurrency(1);
sharp.cache(false);

/**
 * A picture from elsewhere as one of our own: square, upright, sRGB, without metadata, in every size. Encoded anew, so
 * that nothing that was hidden in the file is served from here. What it would take is read from its head beforehand;
 * moving pictures, more than 8 bits a channel and too many pixels are refused.
 * @param from a copy from WeChat is also refused where it is too small for a picture of somebody
 * @throws AvatarFault content; busy when too many are waiting
 */
export async function encodeAvatar(
  bytes: Buffer,
  from: 'person' | 'wechat' = 'person',
): Promise<EncodedAvatar[]> {
  const kind = Object.keys(KINDS).find((name) => KINDS[name]?.(bytes));
  if (kind === undefined) throw new AvatarFault('content', 'unknown kind');
  try {
    return await decoding.run(async () => {
      await requireBearable(bytes, kind, from);
      return encode(bytes);
    });
  } catch (error) {
    if (error instanceof AvatarFault) throw error;
    throw new AvatarFault('content', 'cannot be decoded');
  }
}

/** Judges a picture by its head. */
async function requireBearable(bytes: Buffer, kind: string, from: 'person' | 'wechat'): Promise<void> {
  const head = await sharp(bytes, { limitInputPixels: MAX_PIXELS }).metadata();
  if (head.format !== kind) throw new AvatarFault('content', 'unknown kind');
  if ((head.pages ?? 1) > 1) throw new AvatarFault('content', 'a moving picture');
  if (head.depth !== 'uchar') throw new AvatarFault('content', 'more than 8 bits a channel');
  const isWhole = kind !== 'jpeg' || head.isProgressive;
  if (head.width * head.height > (isWhole ? MAX_PIXELS_WHOLE : MAX_PIXELS)) {
    throw new AvatarFault('content', 'too many pixels');
  }
  if (from === 'wechat' && Math.min(head.width, head.height) < SMALLEST_COPY) {
    throw new AvatarFault('content', 'too small');
  }
}

async function encode(bytes: Buffer): Promise<EncodedAvatar[]> {
  const [largestSize] = AVATAR_SIZES;
  const picture = sharp(bytes, { failOn: 'error', limitInputPixels: MAX_PIXELS });
  // Decoded once, and no more than needed; the sizes are made of the square.
  const { data, info } = await picture
    .autoOrient()
    .resize({ width: largestSize, height: largestSize, fit: 'cover' })
    .toColourspace('srgb')
    .raw()
    .timeout({ seconds: MAX_SECONDS })
    .toBuffer({ resolveWithObject: true });
  const raw = { width: info.width, height: info.height, channels: info.channels };
  return Promise.all(
    AVATAR_SIZES.map(async (size) => ({
      size,
      bytes: await sharp(data, { raw }).resize(size, size).webp({ quality: QUALITY }).toBuffer(),
    })),
  );
}
