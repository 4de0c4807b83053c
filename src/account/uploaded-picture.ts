import type {} from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../common/app-error.js';
import { MAX_FILE_BYTES } from '../http/bodies.js';

/** Boundaries, part headers and small fields around a file. */
const FORM_BYTES = 64 * 1024;

/**
 * The file of the field `file` of a form (RFC 7578). Its name and its type are the client's word and not looked at.
 * @throws AppError UNSUPPORTED_MEDIA_TYPE, PAYLOAD_TOO_LARGE, VALIDATION_FAILED, BAD_REQUEST
 */
export async function uploadedPicture(request: FastifyRequest): Promise<Buffer> {
  if (!request.isMultipart()) {
    throw new AppError('UNSUPPORTED_MEDIA_TYPE', {
      detail: 'The route takes multipart/form-data with the picture in the field "file".',
    });
  }
  // Said at once, not after the last byte was read.
  if (Number(request.headers['content-length'] ?? 0) > MAX_FILE_BYTES + FORM_BYTES) {
    throw new AppError('PAYLOAD_TOO_LARGE');
  }
  const file = await fileOf(request).catch((error: unknown) => {
    throw formError(error);
  });
  if (file) return file;
  throw new AppError('VALIDATION_FAILED', {
    errors: [{ field: 'file', message: 'file must be a picture' }],
  });
}

async function fileOf(request: FastifyRequest): Promise<Buffer | null> {
  const part = await request.file();
  if (!part) return null;
  if (part.fieldname === 'file') return part.toBuffer();
  part.file.resume();
  return null;
}

/** The library's errors: limits with status 413, and forms that are broken or cut off with any other, or none. */
function formError(error: unknown): AppError {
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  return new AppError(status === 413 ? 'PAYLOAD_TOO_LARGE' : 'BAD_REQUEST', { cause: error });
}
