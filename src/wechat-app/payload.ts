import { AppError } from '../common/app-error.js';
import { MAX_PAYLOAD_BYTES } from '../http/bodies.js';

/** How a payload is written in the request. */
export const ENCODINGS = ['utf8', 'base64'] as const;
/** `utf8`: the text itself; `base64`: of any bytes. */
export type Encoding = (typeof ENCODINGS)[number];

/**
 * Text that is not what the caller means to sign: a lone surrogate has no bytes in UTF-8, and U+FFFD stands where
 * bytes of the request were not UTF-8.
 */
const WITHOUT_BYTES = /[\p{Cs}\uFFFD]/u;

/**
 * The bytes of a payload, exactly: a signature over others would be worthless.
 * @throws AppError VALIDATION_FAILED
 */
export function payloadBytes(payload: string, encoding: Encoding): Buffer {
  const bytes = Buffer.from(payload, encoding);
  // Written back it must be the same: Node's decoder skips what is no base64.
  if (encoding === 'base64' && bytes.toString('base64') !== payload) {
    throw invalid('payload must be base64 with padding, without line breaks');
  }
  if (encoding === 'utf8' && WITHOUT_BYTES.test(payload)) {
    throw invalid(
      'payload holds characters that are not UTF-8, or U+FFFD: send its bytes with encoding base64',
    );
  }
  if (bytes.length > MAX_PAYLOAD_BYTES) {
    throw invalid(`payload must be at most ${MAX_PAYLOAD_BYTES} bytes`);
  }
  return bytes;
}

function invalid(message: string): AppError {
  return new AppError('VALIDATION_FAILED', { errors: [{ field: 'payload', message }] });
}
