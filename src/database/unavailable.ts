import { AppError } from '../common/app-error.js';
import { isUnreachable } from './database-errors.js';

/** An error of the driver as the service tells it: `DATABASE_UNAVAILABLE` where there is no database that writes. */
export function asUnavailable(error: unknown): unknown {
  return isUnreachable(error) ? new AppError('DATABASE_UNAVAILABLE', { cause: error }) : error;
}

export function isUnavailable(error: unknown): error is AppError {
  return error instanceof AppError && error.code === 'DATABASE_UNAVAILABLE';
}
