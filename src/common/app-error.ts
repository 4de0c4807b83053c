import { catalogueEntry, type ErrorCode } from './error-catalogue.js';

/** One fault of one field of a request. */
export interface FieldError {
  /** Path of the field, with dots: `device.name`. */
  readonly field: string;
  readonly message: string;
}

/** What a thrower may add to a code. Nothing secret: all but `cause` and `operatorDetail` reaches the client. */
export interface AppErrorOptions {
  /** One sentence about this occurrence (RFC 9457 `detail`); the catalogue's cause where absent. */
  readonly detail?: string;
  /** Says more, for the log and for operators: addresses and settings are nothing for everybody. */
  readonly operatorDetail?: string;
  readonly errors?: readonly FieldError[];
  /** Seconds; overrides the catalogue's. */
  readonly retryAfter?: number;
  /** For the log only. */
  readonly cause?: unknown;
}

/**
 * The one error class of the service: a code of the catalogue plus what is special this time.
 * The problem filter turns it into `application/problem+json` (RFC 9457).
 */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  /** The detail for the log and for operators. */
  readonly operatorDetail: string;
  readonly errors: readonly FieldError[] | undefined;
  /** Seconds for Retry-After, if any. */
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
