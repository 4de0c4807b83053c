import type { AppError } from '../common/app-error.js';

/** Port that records failed attempts to log in or to link an identity. */
export abstract class LoginRefusals {
  /** Records the error if the request was such an attempt. Never rejects. */
  abstract refused(error: AppError): Promise<void>;
}
