import { catalogueEntry, type ErrorCode } from './error-catalogue.js';

/** One invalid field of a request. */
export interface FieldError {
  /** Path of the field, separated by dots: `device.name`. */
  readonly field: string;
  readonly message: string;
}

/**
 * Optional data of an error. It must not be secret: everything but `cause` and `operatorDetail` is sent to
 * the client.
 */
export interface AppErrorOptions {
  /** One sentence about this occurrence (RFC 9457 `detail`). Default: the catalogue's cause. */
  readonly detail?: string;
  /**
   * A more precise detail for the log and for operators, for example addresses and settings, which clients
   * must not see.
   */
  readonly operatorDetail?: string;
  readonly errors?: readonly FieldError[];
  /** Seconds; overrides the catalogue. */
  readonly retryAfter?: number;
  /** For the log only. */
  readonly cause?: unknown;
}

/**
 * The error class of the service: a code of the catalogue and the details of this occurrence. The problem
 * filter converts it to `application/problem+json` (RFC 9457).
 */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  /** The detail for the log and for operators. */
  readonly operatorDetail: string;
  readonly errors: readonly FieldError[] | undefined;
  /** Seconds for the Retry-After header, if any. */
  readonly retryAfter: number | undefined;

  constructor(
    readonly code: ErrorCode,
    options: AppErrorOptions = {},
  ) {
    const entry = catalogueEntry(code);
    const detail = options.detail ?? entry.cause;
    super(`${code}: ${detail}`, { cause: options.cause });
    this.status = entry.status;
    this.title = entry.title;
    this.detail = detail;
    this.operatorDetail = options.operatorDetail ?? detail;
    this.errors = options.errors;
    this.retryAfter = options.retryAfter ?? entry.retryAfter;
  }
}
