import type { AppError } from '../common/app-error.js';

/** Is told of every request that was to log somebody in, or to link, and was answered with an error. */
export abstract class LoginRefusals {
  /** Records it, if the request was one of these. Never rejects. */
  abstract refused(error: AppError): Promise<void>;
}
