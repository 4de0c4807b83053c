import type {} from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../common/app-error.js';
import { MAX_FILE_BYTES } from '../http/bodies.js';

/** Allowance for the boundaries, part headers and small fields around the file. */
const FORM_OVERHEAD_BYTES = 64 * 1024;

/**
 * Reads the file in field `file` of a form (RFC 7578). Its name and media type are ignored: the client may
 * send any.
 * @throws AppError UNSUPPORTED_MEDIA_TYPE, PAYLOAD_TOO_LARGE, VALIDATION_FAILED, BAD_REQUEST
 */
export async function uploadedPicture(request: FastifyRequest): Promise<Buffer> {
  if (!request.isMultipart()) {
    throw new AppError('UNSUPPORTED_MEDIA_TYPE', {
      detail: 'The route takes multipart/form-data with the picture in the field "file".',
    });
  }
  // Refused at once, before the body is read.
  if (Number(request.headers['content-length'] ?? 0) > MAX_FILE_BYTES + FORM_OVERHEAD_BYTES) {
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

/**
 * Converts an error of the library: status 413 means a limit; any other, or none, a malformed or truncated
 * form.
 */
function formError(error: unknown): AppError {
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  return new AppError(status === 413 ? 'PAYLOAD_TOO_LARGE' : 'BAD_REQUEST', { cause: error });
}
