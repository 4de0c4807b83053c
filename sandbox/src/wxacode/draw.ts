import { create } from 'qrcode';
import sharp from 'sharp';
import type { WxaCode } from '../state/wxacodes.js';

/** Red, green and blue, 0 to 255 each. */
export type Colour = readonly [number, number, number];

const MARGIN = 2;

/** The content of a mini program's code: the URL of the phone at `origin`, with the id of the code. */
export function linkOf(code: WxaCode, origin: string): string {
  return `${origin}/phone?wxacode=${code.id}`;
}

/**
 * A code as a picture, `width` pixels square: JPEG, or PNG on a transparent ground (section 1.5). WeChat
 * draws a round code that only WeChat reads; this is a QR code, which any reader reads.
 */
export async function drawWxaCode(code: WxaCode, link: string, line: Colour): Promise<Buffer> {
  const { modules } = create(link, { errorCorrectionLevel: 'M' });
  const side = modules.size + 2 * MARGIN;
  const ground = [255, 255, 255, code.hyaline ? 0 : 255];
  // One pixel per module, enlarged by sharp: qrcode itself draws large pictures pixel by pixel, slowly.
  const pixels = Array.from({ length: side * side }, (_, at) => {
    const [row, column] = [Math.floor(at / side) - MARGIN, (at % side) - MARGIN];
    const inside = Math.min(row, column) >= 0 && Math.max(row, column) < modules.size;
    return inside && modules.get(row, column) ? [...line, 255] : ground;
  });
  const raw = { width: side, height: side, channels: 4 } as const;
  const grown = sharp(Uint8Array.from(pixels.flat()), { raw }).resize(code.width, code.width, {
    kernel: 'nearest',
  });
  return code.hyaline ? grown.png().toBuffer() : grown.jpeg({ quality: 90 }).toBuffer();
}
