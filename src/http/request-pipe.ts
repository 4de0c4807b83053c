import { type ArgumentMetadata, ValidationPipe } from '@nestjs/common';
import type { ClassConstructor } from 'class-transformer';
import { AppError } from '../common/app-error.js';
import { readFlat } from './flat-class.js';
import { fieldErrors } from './validation.js';

/**
 * Validates bodies, queries and path parameters against the classes of the handlers. Unknown members are dropped.
 * Flat classes are read without class-transformer and without looking up their rules again.
 */
export class RequestPipe extends ValidationPipe {
  constructor() {
    super({
      transform: true,
      whitelist: true,
      exceptionFactory: (errors) => new AppError('VALIDATION_FAILED', { errors: fieldErrors(errors) }),
    });
  }

  /** @throws AppError VALIDATION_FAILED */
  override transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    const { metatype, type } = metadata;
    // Decorators of our own give what guards have established.
    if (type === 'custom') return Promise.resolve(value);
    const flat = metatype && readFlat(metatype as ClassConstructor<object>, value);
    return flat ? Promise.resolve(flat) : super.transform(value, metadata);
  }
}
