import { draw } from './secret.js';

/** Random bytes of an id: 4 for the start of its counter, 6 for its end. */
const RANDOM_BYTES = 10;

const bytes = Buffer.alloc(16);
let time = -Infinity;
let sequence = 0;

/**
 * A UUID of version 7. The ids of one process ascend, also within a millisecond: a counter of 32 bits, which
 * starts at random, follows the time (RFC 9562, section 6.2, method 1).
 */
export function freshId(): string {
  const random = draw(RANDOM_BYTES);
  const now = Date.now();
  if (now > time) {
    time = now;
    sequence = random.readUInt32BE(0) >>> 1;
  } else {
    sequence = (sequence + 1) >>> 0;
    if (sequence === 0) time++;
  }
  bytes.writeUIntBE(time, 0, 6);
  bytes[6] = 0x70 | (sequence >>> 28);
  bytes[7] = sequence >>> 20;
  bytes[8] = 0x80 | ((sequence >>> 14) & 0x3f);
  bytes[9] = sequence >>> 6;
  random.copy(bytes, 10, 4);
  bytes[10] = ((sequence << 2) & 0xfc) | (random.readUInt8(4) & 0x03);
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
