import sharp from 'sharp';
import { AvatarFault } from './avatar-fault.js';
import { AVATAR_SIZES, type EncodedAvatar } from './avatar-sizes.js';

/**
 * Limit for files that are decoded in a stream: a baseline JPEG, which the decoder scales down while it
 * reads.
 */
const MAX_PIXELS = 24_000_000;
/**
 * Limit for files that a decoder holds as a whole: progressive and interlaced ones, and all other formats. 32
 * MB of memory.
 */
const MAX_PIXELS_WHOLE = 8_000_000;
/** Pictures of WeChat have at least 46 pixels. A smaller one is a placeholder. */
const MIN_WECHAT_EDGE = 16;
/** Against the default effort of 4: half of the time, and files that are 3 % larger. */
const WEBP = { quality: 82, effort: 2 } as const;

/**
 * Signatures of the accepted formats. Other formats never reach a decoder: SVG may contain scripts, and the
 * decoders of rare formats are poorly maintained.
 */
const FORMATS: Readonly<Record<string, (bytes: Buffer) => boolean>> = {
  jpeg: (bytes) => bytes.subarray(0, 3).equals(Buffer.from([0xff, 0xd8, 0xff])),
  png: (bytes) => bytes.subarray(0, 8).toString('latin1') === '\x89PNG\r\n\x1a\n',
  gif: (bytes) => /^GIF8[79]a$/.test(bytes.subarray(0, 6).toString('latin1')),
  webp: (bytes) => /^RIFF[^]{4}WEBP$/.test(bytes.subarray(0, 12).toString('latin1')),
};

// One thread, and no cache, because each picture is decoded once.
sharp.concurrency(1);
sharp.cache(false);

/**
 * Encodes a foreign picture in every size: square, upright, sRGB, without metadata. Re-encoding removes
 * anything hidden in the file. Its cost is judged by the header first: animations, more than 8 bits per
 * channel and too many pixels are refused.
 * @param from a copy from WeChat is also refused if it is too small to be a picture of a person
 * @throws AvatarFault content
 */
export async function encodeAvatar(
  bytes: Buffer,
  from: 'person' | 'wechat' = 'person',
): Promise<EncodedAvatar[]> {
  const format = Object.keys(FORMATS).find((name) => FORMATS[name]?.(bytes));
  if (format === undefined) throw new AvatarFault('content', 'unknown format');
  try {
    await checkHeader(bytes, format, from);
    return await encode(bytes);
  } catch (error) {
    if (error instanceof AvatarFault) throw error;
    throw new AvatarFault('content', 'cannot be decoded');
  }
}

/** Checks a picture by its header. */
async function checkHeader(bytes: Buffer, format: string, from: 'person' | 'wechat'): Promise<void> {
  const header = await sharp(bytes, { limitInputPixels: MAX_PIXELS }).metadata();
  if (header.format !== format) throw new AvatarFault('content', 'unknown format');
  if ((header.pages ?? 1) > 1) throw new AvatarFault('content', 'a moving picture');
  if (header.depth !== 'uchar') throw new AvatarFault('content', 'more than 8 bits per channel');
  const isHeldWhole = format !== 'jpeg' || header.isProgressive;
  if (header.width * header.height > (isHeldWhole ? MAX_PIXELS_WHOLE : MAX_PIXELS)) {
    throw new AvatarFault('content', 'too many pixels');
  }
  if (from === 'wechat' && Math.min(header.width, header.height) < MIN_WECHAT_EDGE) {
    throw new AvatarFault('content', 'too small');
  }
}

async function encode(bytes: Buffer): Promise<EncodedAvatar[]> {
  const [largestSize] = AVATAR_SIZES;
  const picture = sharp(bytes, { failOn: 'error', limitInputPixels: MAX_PIXELS });
  // Decoded once, at the largest size. The other sizes are scaled down from that.
  const { data, info } = await picture
    .autoOrient()
    .resize({ width: largestSize, height: largestSize, fit: 'cover' })
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const raw = { width: info.width, height: info.height, channels: info.channels };
  return Promise.all(
    AVATAR_SIZES.map(async (size) => ({
      size,
      bytes: await sharp(data, { raw }).resize(size, size).webp(WEBP).toBuffer(),
    })),
  );
}
